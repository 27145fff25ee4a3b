/** The grants of one agent: who gave what, until when, and what was taken back. */
import type { EventData, WritEvent } from '@writ/contracts';
import { type Decider, type Folded, laterOf, Refusal } from '../decider.ts';

export type GrantsEventName = 'GrantIssued' | 'GrantRevoked';
export type Grant = EventData<'GrantIssued'> & {
  readonly status: 'active' | 'revoked';
  /** `notBefore` and `expiresAt` in milliseconds; a grant without them begins at 0 and never ends. */
  readonly fromMs: number;
  readonly untilMs: number;
};

export type GrantsState = { readonly grants: ReadonlyMap<string, Grant>; readonly timeMs: number };

/** A grant as it is asked for; times in milliseconds beside their text, so that nothing here reads dates. */
export type GrantTerms = EventData<'GrantIssued'>;

export type GrantsCommand =
  | { readonly type: 'IssueGrant'; readonly terms: GrantTerms; readonly timeMs: number }
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

function decide(state: GrantsState, command: GrantsCommand): readonly WritEvent<GrantsEventName>[] {
  switch (command.type) {
    case 'IssueGrant':
      return issue(state, command.terms, command.timeMs);
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
      return [...state.grants.values()]
        .filter((grant) => grant.status === 'active')
        .slice(0, command.atMost)
        .map((grant) => revoked(command, grant.grantId));
  }
}

function issue(
  state: GrantsState,
  terms: GrantTerms,
  timeMs: number,
): readonly WritEvent<GrantsEventName>[] {
  if (state.grants.has(terms.grantId)) return [];
  const { fromMs, untilMs } = span(terms);
  if (untilMs <= fromMs || untilMs <= timeMs)
    throw new Refusal(
      'GRANT_EXPIRED',
      `the grant would never hold: \`expiresAt\` is ${terms.expiresAt}; give a later time`,
      [{ path: 'expiresAt', message: 'must be later than `notBefore` and than now' }],
    );
  for (const condition of ['window', 'budget', 'requireApproval'] as const)
    if (terms.conditions[condition] !== undefined)
      throw new Refusal(
        'CONDITION_UNSUPPORTED',
        `\`conditions.${condition}\` is not enforced by this release; leave it out`,
        [
          {
            path: `conditions.${condition}`,
            message: 'is not enforced by this release; leave it out',
          },
        ],
      );
  return [{ type: 'GrantIssued', data: terms }];
}

function revoked(
  command: { readonly agentId: string; readonly reason: string | null; readonly revokedBy: string },
  grantId: string,
): WritEvent<'GrantRevoked'> {
  const { agentId, reason, revokedBy } = command;
  return { type: 'GrantRevoked', data: { grantId, agentId, reason, revokedBy } };
}

function evolve(state: GrantsState, event: Folded<GrantsEventName>): GrantsState {
  const grants = new Map(state.grants);
  if (event.type === 'GrantIssued') grants.set(event.data.grantId, activeGrant(event.data));
  else {
    const grant = grants.get(event.data.grantId);
    if (grant) grants.set(grant.grantId, { ...grant, status: 'revoked' });
  }
  return { grants, timeMs: laterOf(state.timeMs, event.timeMs) };
}

/** A grant as it stands when it is issued. */
export function activeGrant(terms: GrantTerms): Grant {
  return { ...terms, status: 'active', ...span(terms) };
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

const INSTANT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3})\d*)?Z$/;

/**
 * Milliseconds since 1970 of an RFC 3339 time in UTC (the form events hold), by the civil-date
 * arithmetic of Hinnant (days from civil), so that the domain needs no clock object.
 */
export function instantOf(text: string): number {
  const match = INSTANT.exec(text);
  if (!match) throw new Refusal('BODY_INVALID', `\`${text}\` is not an RFC 3339 time in UTC`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const ms = Number((match[7] ?? '').padEnd(3, '0'));
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  const days = era * 146_097 + dayOfEra - 719_468;
  return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + ms;
}

export const grants: Decider<GrantsState, GrantsCommand, GrantsEventName> = {
  initial: () => ({ grants: new Map(), timeMs: 0 }),
  decide,
  evolve,
};
