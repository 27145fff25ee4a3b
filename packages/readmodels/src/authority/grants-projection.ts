/** Folds what was granted, used and taken back into the rows of grants. */
import type { RecordedEvent } from '@writ/contracts';
import { type Grant, type GrantsEventName, grants } from '@writ/domain';
import { momentAt } from '../projection/moment.ts';
import type { ProjectedEvent, Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import { type GrantRow, grantsTable, parentOf } from './grants.ts';

export const grantsProjection: Projection<ProjectedEvent> = {
  name: 'grants',
  version: 1,
  source: 'EVENTS',
  kinds: ['authority.grants'],
  tables: [grantsTable.name],
  open() {
    const rows = rowSet(grantsTable);
    return {
      sets: [rows],
      need(event) {
        if (isOfGrants(event) || isOfUses(event)) rows.need(event.tenant, event.data.grantId);
      },
      apply(event) {
        if (!isOfGrants(event) && !isOfUses(event)) return;
        const before = rows.get(event.tenant, event.data.grantId);
        const row = isOfGrants(event) ? evolveGrant(before, event) : countUse(before, event);
        if (row) rows.put(row);
      },
    };
  },
};

function isOfGrants(event: RecordedEvent): event is RecordedEvent<GrantsEventName> {
  return event.type === 'GrantIssued' || event.type === 'GrantRevoked';
}

type OfUses = RecordedEvent<'GrantUseReserved' | 'GrantUseReleased'>;

function isOfUses(event: RecordedEvent): event is OfUses {
  return event.type === 'GrantUseReserved' || event.type === 'GrantUseReleased';
}

/** The row of a grant of which a use was reserved or given back. */
export function countUse(row: GrantRow | undefined, event: OfUses): GrantRow | undefined {
  const change = event.type === 'GrantUseReserved' ? 1 : -1;
  return row && { ...row, used: row.used + change, seq: event.seq };
}

/** The row of a grant after an event; `undefined` when what was never granted is taken back. */
export function evolveGrant(
  row: GrantRow | undefined,
  event: RecordedEvent<GrantsEventName>,
): GrantRow | undefined {
  const { grantId } = event.data;
  const before = grants.initial();
  if (row) before.grants.put(grantOf(row));
  const grant = grants.evolve(before, event).grants.get(grantId);
  if (!grant) return undefined;
  const revoked = event.type === 'GrantRevoked' && row?.status !== 'revoked';
  return {
    tenant: event.tenant,
    grant_id: grantId,
    agent_id: grant.agentId,
    status: grant.status,
    actions: grant.actions,
    resources: grant.resources,
    not_before: grant.notBefore,
    expires_at: grant.expiresAt,
    from_ms: grant.fromMs === 0 ? null : grant.fromMs,
    until_ms: grant.untilMs === Number.POSITIVE_INFINITY ? null : grant.untilMs,
    conditions: grant.conditions,
    delegable: grant.delegable,
    parent_grant_id: grant.parent?.grantId ?? null,
    parent_agent_id: grant.parent?.agentId ?? null,
    reason: grant.reason,
    issued_by: grant.issuedBy,
    issued_at: row?.issued_at ?? momentAt(event.timeMs),
    revoked_by: revoked ? event.data.revokedBy : (row?.revoked_by ?? null),
    revoked_at: revoked ? momentAt(event.timeMs) : (row?.revoked_at ?? null),
    revoke_reason: revoked ? event.data.reason : (row?.revoke_reason ?? null),
    used: row?.used ?? 0,
    created_seq: row?.created_seq ?? event.seq,
    seq: event.seq,
  };
}

function grantOf(row: GrantRow): Grant {
  return {
    grantId: row.grant_id,
    agentId: row.agent_id,
    actions: row.actions,
    resources: row.resources,
    notBefore: row.not_before,
    expiresAt: row.expires_at,
    conditions: row.conditions,
    delegable: row.delegable,
    parent: parentOf(row),
    reason: row.reason,
    issuedBy: row.issued_by,
    status: row.status,
    fromMs: row.from_ms ?? 0,
    untilMs: row.until_ms ?? Number.POSITIVE_INFINITY,
  };
}
