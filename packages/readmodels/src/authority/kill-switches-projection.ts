/** Folds engaged and released kill switches into rows. */
import type { RecordedEvent } from '@writ/contracts';
import { type KillSwitchEventName, scopeName } from '@writ/domain';
import { momentAt } from '../projection/moment.ts';
import type { ProjectedEvent, Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import { type KillSwitchRow, killSwitchesTable } from './kill-switches.ts';

export const killSwitchesProjection: Projection<ProjectedEvent> = {
  name: 'kill-switches',
  version: 1,
  source: 'EVENTS',
  kinds: ['authority.kill-switch'],
  tables: [killSwitchesTable.name],
  open() {
    const rows = rowSet(killSwitchesTable);
    return {
      sets: [rows],
      need(event) {
        if (isOfSwitch(event)) rows.need(event.tenant, scopeName(event.data.scope));
      },
      apply(event) {
        if (!isOfSwitch(event)) return;
        const row = evolveSwitch(rows.get(event.tenant, scopeName(event.data.scope)), event);
        if (row) rows.put(row);
      },
    };
  },
};

function isOfSwitch(event: RecordedEvent): event is RecordedEvent<KillSwitchEventName> {
  return event.type === 'KillSwitchEngaged' || event.type === 'KillSwitchReleased';
}

/** The row of a switch after an event; `undefined` where one is released that never was engaged. */
export function evolveSwitch(
  row: KillSwitchRow | undefined,
  event: RecordedEvent<KillSwitchEventName>,
): KillSwitchRow | undefined {
  const { tenant, data, actor, seq } = event;
  const at = momentAt(event.timeMs);
  if (event.type === 'KillSwitchReleased')
    return (
      row && {
        ...row,
        engaged: false,
        released_by: actor.id,
        released_at: at,
        release_reason: data.reason,
        seq,
      }
    );
  return {
    tenant,
    scope_name: scopeName(data.scope),
    scope: data.scope,
    engaged: true,
    engaged_by: actor.id,
    engaged_at: at,
    engage_reason: data.reason,
    released_by: null,
    released_at: null,
    release_reason: null,
    seq,
  };
}
