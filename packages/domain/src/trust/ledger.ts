/**
 * The fold of trust: one pure step per fact, in the order of the log.
 *
 * It owns nothing. A governor's memory, a projection's rows and a replay keep the states and get the same bytes:
 *
 * 1. A step depends on the two states and the fact only; folding in batches equals folding one by one.
 * 2. Minutes never go back: a fact older than the state counts at the state's minute.
 * 3. A critical bad fact latches the suspension; evidence, decay and time never release it, a person does.
 */

import { type AgentTrust, initialTrust } from './agent-trust.ts';
import { addEvidence, evidenceAt } from './evidence.ts';
import type { TrustFact } from './facts.ts';
import { smaller } from './fixed-point.ts';
import type { TrustModel } from './model.ts';
import { type FactWeight, type TrustParties, weighFact } from './weigh.ts';

/** The trust of the fact's agent after the fact; give the trust of `raterOf(fact)` as the rater. */
export function applyFact(parties: TrustParties, fact: TrustFact, model: TrustModel): AgentTrust {
  const subject = parties.subject ?? initialTrust();
  switch (fact.kind) {
    case 'executionReported':
    case 'feedbackGiven':
      return applyWeight(subject, weighFact(parties, fact, model), model);
    case 'ownerKnown':
      return {
        ...subject,
        owner: fact.owner,
        registrars: withRegistrar(subject.registrars, fact.registrar),
        identity: fact.identity ?? subject.identity,
      };
    case 'suspensionCleared':
      return subject.latchedBy === null ? subject : { ...subject, latchedBy: null };
  }
}

/** The trust of an agent after a weighed fact; for callers that keep the weight to explain it later. */
export function applyWeight(
  subject: AgentTrust,
  weighed: FactWeight,
  model: TrustModel,
): AgentTrust {
  const { r, s, minute } = addEvidence(subject, weighed, model);
  const peers = evidenceAt({ ...subject.peers, minute: subject.minute }, minute, model);
  return {
    r,
    s,
    minute,
    peers: {
      r: smaller(r, peers.r + weighed.fromPeers.r),
      s: peers.s + weighed.fromPeers.s,
    },
    latchedBy: subject.latchedBy ?? (weighed.latches ? weighed.seq : null),
    praise: weighed.praise,
    blame: weighed.blame,
    factCount: subject.factCount + 1,
    owner: subject.owner,
    registrars: subject.registrars,
    identity: subject.identity,
  };
}

/** As many as could matter: a key that registers agents is made by an admin. */
const REGISTRARS_REMEMBERED = 32;

function withRegistrar(known: readonly string[], registrar: string | undefined): readonly string[] {
  if (registrar === undefined || known.includes(registrar)) return known;
  return [...known, registrar].slice(-REGISTRARS_REMEMBERED);
}
