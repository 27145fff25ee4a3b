/** Folds created and revoked keys into rows. */
import { instantOf, type KeyEventName } from '@writ/domain';
import type { RecordedEvent } from '@writ/contracts';
import { momentAt } from '../projection/moment.ts';
import type { ProjectedEvent, Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import { type KeyRow, keysTable } from './keys.ts';

export const keysProjection: Projection<ProjectedEvent> = {
  name: 'keys',
  version: 1,
  source: 'EVENTS',
  kinds: ['tenancy.key'],
  tables: [keysTable.name],
  open() {
    const rows = rowSet(keysTable);
    return {
      sets: [rows],
      need(event) {
        if (isOfKeys(event)) rows.need(event.tenant, event.data.keyId);
      },
      apply(event) {
        if (!isOfKeys(event)) return;
        const row = evolveKey(rows.get(event.tenant, event.data.keyId), event);
        if (row) rows.put(row);
      },
    };
  },
};

function isOfKeys(event: RecordedEvent): event is RecordedEvent<KeyEventName> {
  return event.type === 'KeyCreated' || event.type === 'KeyRevoked';
}

/** The row of a key after an event; `undefined` when a key that never was is revoked. */
export function evolveKey(
  row: KeyRow | undefined,
  event: RecordedEvent<KeyEventName>,
): KeyRow | undefined {
  const at = momentAt(event.timeMs);
  if (event.type === 'KeyRevoked')
    return row && row.status === 'active'
      ? {
          ...row,
          status: 'revoked',
          revoked_by: event.actor.id,
          revoked_at: at,
          revoke_reason: event.data.reason,
          seq: event.seq,
        }
      : row;
  const { keyId, name, role, agents, expiresAt } = event.data;
  return {
    tenant: event.tenant,
    key_id: keyId,
    name,
    role,
    agents,
    status: 'active',
    expires_at: expiresAt,
    until_ms: expiresAt === null ? null : instantOf(expiresAt),
    created_by: event.actor.id,
    created_at: at,
    revoked_by: null,
    revoked_at: null,
    revoke_reason: null,
    created_seq: event.seq,
    seq: event.seq,
  };
}
