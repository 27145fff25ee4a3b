/** The grants of one agent: who gave what, until when, from whom it was handed on, and what was taken back. */
import type { EventData, WritEvent } from '@writ/contracts';
import { type Decider, type Folded, laterOf, Refusal } from '../decider.ts';
import type { AgentStanding } from '../execution/facts.ts';
import { refuseWider } from './attenuation.ts';
import { type Grant, GrantBook } from './grant-book.ts';
import { instantOf } from './instant.ts';
import { refuseNobody, refuseSelf, refuseSuspended } from './parties.ts';

export type GrantsEventName = 'GrantIssued' | 'GrantRevoked';

/** The book is filled in place; a state that was folded further shares it with the one before. */
export type GrantsState = { readonly grants: GrantBook; readonly timeMs: number };

/** A grant as it is asked for. */
export type GrantTerms = EventData<'GrantIssued'>;

/** A grant that is to be handed on, and those it was itself handed on from, the nearest first. */
export type Lineage = readonly [Grant, ...Grant[]];

export type GrantsCommand =
  | {
      readonly type: 'IssueGrant';
      readonly terms: GrantTerms;
      /** How its recipient stands. */
      readonly standing: AgentStanding;
      readonly timeMs: number;
    }
  | {
      readonly type: 'DelegateGrant';
      readonly terms: GrantTerms;
      readonly lineage: Lineage;
      /** How its recipient stands, and who hands it on. */
      readonly standing: AgentStanding;
      readonly holder: AgentStanding;
      readonly timeMs: number;
    }
  | {
      readonly type: 'RevokeGrant';
      readonly grantId: string;
      readonly agentId: string;
      readonly reason: string | null;
      readonly revokedBy: string;
    }
  | {
      readonly type: 'RevokeAllGrants';
      readonly agentId: string;
      /** So many of them, the oldest first; all when left out. */
      readonly atMost?: number;
      readonly reason: string | null;
      readonly revokedBy: string;
    };

/** So many handed-on grants that have not ended may one agent hold: any agent can hand them to any other. */
export const MAX_HANDED_ON = 256;

function decide(state: GrantsState, command: GrantsCommand): readonly WritEvent<GrantsEventName>[] {
  switch (command.type) {
    case 'IssueGrant':
      refuseNobody(command.standing, command.terms.agentId);
      return issue(state, command.terms, command.timeMs);
    case 'DelegateGrant': {
      if (state.grants.get(command.terms.grantId)) return [];
      refuseParties(command);
      refuseEnded(command.lineage, command.timeMs);
      refuseTooMany(state, command);
      refuseWider(command.lineage[0], activeGrant(command.terms));
      return issue(state, command.terms, command.timeMs);
    }
    case 'RevokeGrant': {
      const grant = state.grants.get(command.grantId);
      if (!grant)
        throw new Refusal(
          'GRANT_UNKNOWN',
          `agent \`${command.agentId}\` has no grant \`${command.grantId}\`; list its grants`,
        );
      return grant.status === 'revoked' ? [] : [revoked(command, command.grantId)];
    }
    case 'RevokeAllGrants':
      return state.grants.active
        .slice(0, command.atMost)
        .map((grant) => revoked(command, grant.grantId));
  }
}

function issue(
  state: GrantsState,
  terms: GrantTerms,
  timeMs: number,
): readonly WritEvent<GrantsEventName>[] {
  if (state.grants.get(terms.grantId)) return [];
  const { fromMs, untilMs } = span(terms);
  if (untilMs <= fromMs || untilMs <= timeMs)
    throw new Refusal(
      'GRANT_EXPIRED',
      `the grant would never hold: \`expiresAt\` is ${terms.expiresAt}; give a later time`,
      [{ path: 'expiresAt', message: 'must be later than `notBefore` and than now' }],
    );
  return [{ type: 'GrantIssued', data: terms }];
}

function refuseParties({
  terms: { agentId: recipient },
  lineage: [{ agentId: holder }],
  ...standings
}: Extract<GrantsCommand, { type: 'DelegateGrant' }>): void {
  refuseSuspended(standings.holder, holder);
  refuseSelf(holder, recipient);
  refuseNobody(standings.standing, recipient);
}

/** What does not hold any more can not be handed on; what will begin later can. */
function refuseEnded(lineage: Lineage, timeMs: number): void {
  for (const { grantId, agentId, status, expiresAt, untilMs } of lineage)
    if (status === 'revoked' || untilMs <= timeMs)
      throw new Refusal(
        'GRANT_NOT_DELEGABLE',
        `grant \`${grantId}\` of agent \`${agentId}\` ${status === 'revoked' ? 'was revoked' : `has expired at ${expiresAt}`}, so nothing can be handed on from it; ask for a new one`,
        [{ path: 'grantId', message: 'must be a grant that holds' }],
      );
}

function refuseTooMany(
  { grants: held }: GrantsState,
  { terms, timeMs }: Extract<GrantsCommand, { type: 'DelegateGrant' }>,
): void {
  let count = 0;
  for (const { parent, untilMs } of held.active)
    if (parent !== null && untilMs > timeMs) count += 1;
  if (count >= MAX_HANDED_ON)
    throw new Refusal(
      'GRANT_NOT_DELEGABLE',
      `agent \`${terms.agentId}\` holds ${count} grants that were handed on to it, and may hold ${MAX_HANDED_ON}; revoke some of them, or wait until they end`,
      [{ path: 'agentId', message: `must hold fewer than ${MAX_HANDED_ON} handed-on grants` }],
    );
}

function revoked(
  command: { readonly agentId: string; readonly reason: string | null; readonly revokedBy: string },
  grantId: string,
): WritEvent<'GrantRevoked'> {
  const { agentId, reason, revokedBy } = command;
  return { type: 'GrantRevoked', data: { grantId, agentId, reason, revokedBy } };
}

function evolve(state: GrantsState, event: Folded<GrantsEventName>): GrantsState {
  const { grants } = state;
  switch (event.type) {
    case 'GrantIssued':
      // Of one id there is one grant, the first: nothing makes it wider, or undoes that it was revoked.
      if (!grants.get(event.data.grantId)) grants.put(activeGrant(event.data));
      break;
    case 'GrantRevoked': {
      const grant = grants.get(event.data.grantId);
      if (grant) grants.put(revokedGrant(grant));
    }
  }
  return { grants, timeMs: laterOf(state.timeMs, event.timeMs) };
}

/** A grant as it stands when it is issued. */
export function activeGrant(terms: GrantTerms): Grant {
  return grantOf(terms, 'active', span(terms));
}

/** The same grant, taken back. */
export function revokedGrant(grant: Grant): Grant {
  return grantOf(grant, 'revoked', grant);
}

/** Member by member, so that all grants have one shape: very many of them are held. */
function grantOf(
  terms: GrantTerms,
  status: Grant['status'],
  { fromMs, untilMs }: Pick<Grant, 'fromMs' | 'untilMs'>,
): Grant {
  return {
    grantId: terms.grantId,
    agentId: terms.agentId,
    actions: terms.actions,
    resources: terms.resources,
    notBefore: terms.notBefore,
    expiresAt: terms.expiresAt,
    conditions: terms.conditions,
    delegable: terms.delegable,
    parent: terms.parent,
    reason: terms.reason,
    issuedBy: terms.issuedBy,
    status,
    fromMs,
    untilMs,
  };
}

function span(terms: Pick<GrantTerms, 'notBefore' | 'expiresAt'>): {
  fromMs: number;
  untilMs: number;
} {
  return {
    fromMs: terms.notBefore === null ? 0 : instantOf(terms.notBefore),
    untilMs: terms.expiresAt === null ? Number.POSITIVE_INFINITY : instantOf(terms.expiresAt),
  };
}

export const grants: Decider<GrantsState, GrantsCommand, GrantsEventName> = {
  initial: () => ({ grants: new GrantBook(), timeMs: 0 }),
  decide,
  evolve,
};
