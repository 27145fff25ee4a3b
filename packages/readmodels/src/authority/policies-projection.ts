/** Folds publications and activations into the rows of policy versions, and schemas into theirs. */
import type { RecordedEvent } from '@writ/contracts';
import { momentAt } from '../projection/moment.ts';
import type { ProjectedEvent, Projection } from '../projection/projection.ts';
import { type RowSet, rowSet } from '../projection/row-set.ts';
import {
  type PolicySchemaRow,
  policySchemasTable,
  type PolicyVersionRow,
  policyVersionsTable,
} from './policies.ts';

export const policiesProjection: Projection<ProjectedEvent> = {
  name: 'policies',
  version: 1,
  source: 'EVENTS',
  kinds: ['authority.policies'],
  tables: [policyVersionsTable.name, policySchemasTable.name],
  open() {
    const rows = rowSet(policyVersionsTable);
    const schemas = rowSet(policySchemasTable);
    return {
      sets: [rows, schemas],
      need(event) {
        if (event.type === 'PoliciesPublished') rows.need(event.tenant, event.data.version);
        if (event.type !== 'PoliciesActivated' && event.type !== 'PoliciesRolledBack') return;
        rows.need(event.tenant, event.data.version);
        if (event.data.superseded !== null) rows.need(event.tenant, event.data.superseded);
      },
      apply(event) {
        if (event.type === 'PoliciesPublished') rows.put(published(event));
        if (event.type === 'PoliciesActivated' || event.type === 'PoliciesRolledBack')
          activate(rows, event);
        if (event.type === 'SchemaPublished') schemas.put(schemaRow(event));
      },
    };
  },
};

function published(event: RecordedEvent<'PoliciesPublished'>): PolicyVersionRow {
  return {
    tenant: event.tenant,
    ...event.data,
    active: false,
    published_by: event.actor.id,
    published_at: momentAt(event.timeMs),
    activated_by: null,
    activated_at: null,
    created_seq: event.seq,
    seq: event.seq,
  };
}

function activate(
  rows: RowSet<PolicyVersionRow>,
  { tenant, data, actor, timeMs, seq }: RecordedEvent<'PoliciesActivated' | 'PoliciesRolledBack'>,
): void {
  const before = data.superseded === null ? undefined : rows.get(tenant, data.superseded);
  if (before) rows.put({ ...before, active: false, seq });
  const chosen = rows.get(tenant, data.version);
  if (chosen)
    rows.put({
      ...chosen,
      active: true,
      activated_by: actor.id,
      activated_at: momentAt(timeMs),
      seq,
    });
}

function schemaRow({
  tenant,
  data,
  actor,
  timeMs,
  seq,
}: RecordedEvent<'SchemaPublished'>): PolicySchemaRow {
  return { tenant, ...data, published_by: actor.id, published_at: momentAt(timeMs), seq };
}
