/** Folds every fact that trust is made of into the rows of trust, by the same step that governors take. */
import {
  type AgentTrust,
  applyFact,
  applyWeight,
  DEFAULT_TRUST_MODEL,
  formatNano,
  type FactWeight,
  initialTrust,
  laterOf,
  raterOf,
  type TrustFact,
  trustFactOf,
  trustFromJson,
  trustNumerics,
  trustToJson,
  weighFact,
} from '@writ/domain';
import { momentAt } from '../projection/moment.ts';
import type { Fold, ProjectedEvent, Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import { type TrustFactRow, type TrustRow, trustFactsTable, trustTable } from './trust.ts';

const model = DEFAULT_TRUST_MODEL;

/** An agent's trust within a batch; written as a row once, at the end. */
type Held = { readonly tenant: string; readonly agentId: string; trust: AgentTrust; timeMs: number; seq: number };

export const trustProjection: Projection<ProjectedEvent> = {
  name: 'trust',
  version: 1,
  source: 'EVENTS',
  kinds: ['registry.agent', 'execution.facts'],
  tables: [trustTable.name, trustFactsTable.name],
  open: openTrustFold,
};

function openTrustFold(): Fold<ProjectedEvent> {
  const rows = rowSet(trustTable);
  const weighed = rowSet(trustFactsTable);
  const held = new Map<string, Held>();
  const trustOf = (tenant: string, agentId: string): AgentTrust | undefined => {
    const known = held.get(`${tenant}\n${agentId}`);
    if (known) return known.trust;
    const row = rows.get(tenant, agentId);
    return row && trustFromJson(row.state);
  };
  return {
    sets: [rows, weighed],
    need(event) {
      const fact = trustFactOf(event, () => null);
      if (!fact) return;
      rows.need(event.tenant, fact.agentId);
      const rater = raterOf(fact);
      if (rater !== undefined) rows.need(event.tenant, rater);
    },
    apply(event) {
      const { tenant, seq } = event;
      const fact = trustFactOf(event, (agentId) => trustOf(tenant, agentId)?.owner ?? null);
      if (!fact) return;
      const subject = trustOf(tenant, fact.agentId) ?? initialTrust();
      const raterId = raterOf(fact);
      const rater = raterId === undefined ? undefined : trustOf(tenant, raterId);
      const step = stepOf({ subject, rater }, fact);
      const before = held.get(`${tenant}\n${fact.agentId}`)?.timeMs ?? Date.parse(rows.get(tenant, fact.agentId)?.updated_at ?? EPOCH);
      held.set(`${tenant}\n${fact.agentId}`, {
        tenant,
        agentId: fact.agentId,
        trust: step.trust,
        timeMs: laterOf(before, event.timeMs),
        seq,
      });
      if (step.weight && step.weight.weight > 0n) weighed.put(factRow(tenant, fact, step.weight));
    },
    finish() {
      for (const agent of held.values()) rows.put(trustRow(agent));
      held.clear();
    },
  };
}

const EPOCH = '1970-01-01T00:00:00.000Z';

type Parties = Parameters<typeof weighFact>[0] & { readonly subject: AgentTrust };

/** One step of the fold, with the weight of the fact where it has one. */
function stepOf(parties: Parties, fact: TrustFact): { trust: AgentTrust; weight?: FactWeight } {
  if (fact.kind !== 'executionReported' && fact.kind !== 'feedbackGiven')
    return { trust: applyFact(parties, fact, model) };
  const weight = weighFact(parties, fact, model);
  return { trust: applyWeight(parties.subject, weight, model), weight };
}

function trustRow({ tenant, agentId, trust, timeMs, seq }: Held): TrustRow {
  return {
    tenant,
    agent_id: agentId,
    ...trustNumerics(trust),
    minute: trust.minute,
    identity: trust.identity,
    owner: trust.owner,
    latched_by: trust.latchedBy,
    fact_count: trust.factCount,
    state: trustToJson(trust),
    updated_at: momentAt(timeMs),
    seq,
  };
}

function factRow(tenant: string, fact: TrustFact, weight: FactWeight): TrustFactRow {
  return {
    tenant,
    agent_id: fact.agentId,
    seq: weight.seq,
    kind: fact.kind,
    minute: weight.minute,
    weight: formatNano(weight.weight),
    r: formatNano(weight.r),
    s: formatNano(weight.s),
    limited_by: weight.limitedBy,
    latches: weight.latches,
  };
}
