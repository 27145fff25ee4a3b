/** What `writ status` shows to people. */
import type { Output } from '../terminal/output.ts';
import { type Column, renderFields, renderTable } from '../terminal/table.ts';

export type Trouble = { readonly part: string; readonly message: string };

export type ReadModel = {
  readonly projection: string;
  readonly position: number;
  /** `null` where the broker does not say. */
  readonly behind: number | null;
  readonly state: string;
};

export type Presence = {
  readonly role: string;
  readonly running: number;
  readonly ready: number;
};

export type Snapshots = {
  readonly role: string;
  readonly loaded: number;
  readonly made: number;
  /** By reason. */
  readonly ignored: Readonly<Record<string, number>>;
};

export type Report = {
  readonly httpUrl: string;
  readonly natsUrl: string | null;
  readonly dataDir: string | null;
  readonly pid: number | null;
  readonly tenant: string;
  /** Of the process that is recorded here. */
  readonly roles: readonly string[];
  readonly ready: boolean;
  readonly troubles: readonly Trouble[];
  /** Every process of the cell that the API hears of. */
  readonly running: readonly Presence[];
  readonly readModels: readonly ReadModel[];
  /** `null` where the key may not ask. */
  readonly snapshots: readonly Snapshots[] | null;
};

export function renderReport(out: Output, report: Report): string {
  const { colours } = out;
  const fields = renderFields(out, [
    ['platform', report.ready ? 'ready' : 'not ready', report.ready ? colours.green : colours.red],
    ['HTTP', report.httpUrl],
    ['NATS', report.natsUrl],
    ['data', report.dataDir],
    ['process', report.pid === null ? null : String(report.pid)],
    ['tenant', report.tenant],
    ['roles', rolesInWords(report)],
    ['snapshots', snapshotsInWords(report.snapshots)],
  ]);
  const troubles: Column<Trouble>[] = [
    { title: 'PART', cell: ({ part }) => part },
    { title: 'TROUBLE', cell: ({ message }) => message, paint: () => colours.red },
  ];
  const readModels: Column<ReadModel>[] = [
    { title: 'READ MODEL', cell: ({ projection }) => projection },
    { title: 'POSITION', cell: ({ position }) => String(position) },
    { title: 'BEHIND', cell: ({ behind }) => (behind === null ? '?' : String(behind)) },
    {
      title: 'STATE',
      cell: ({ state }) => state,
      paint: ({ state }) => (state === 'running' ? colours.green : colours.yellow),
    },
  ];
  return [
    fields,
    ...(report.readModels.length > 0 ? [renderTable(out, readModels, report.readModels, '')] : []),
    ...(report.troubles.length > 0 ? [renderTable(out, troubles, report.troubles, '')] : []),
  ].join('\n\n');
}

function rolesInWords({ running, roles }: Report): string {
  if (running.length === 0) return roles.join(', ');
  return running
    .map(({ role, running: all, ready }) => {
      const count = all === 1 ? role : `${role} × ${all}`;
      if (ready === all) return count;
      return ready === 0 ? `${count} (not ready)` : `${count} (${ready} ready)`;
    })
    .join(', ');
}

function snapshotsInWords(snapshots: readonly Snapshots[] | null): string | null {
  if (snapshots === null || snapshots.length === 0) return null;
  const sum = (of: (one: Snapshots) => number) => snapshots.reduce((all, one) => all + of(one), 0);
  const reasons = new Map<string, number>();
  for (const { ignored } of snapshots)
    for (const [reason, count] of Object.entries(ignored))
      if (count > 0) reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  const ignored = [...reasons].map(([reason, count]) => `${count} ${reason}`).join(', ');
  return `${sum(({ made }) => made)} made, ${sum(({ loaded }) => loaded)} loaded, ${ignored === '' ? 'none' : ignored} ignored`;
}
