/** The read models: whether each was made from this log, how far it is, and whether its rows are what the log says. */
import type { NatsConnection } from '@writ/bus';
import {
  checkedSource,
  compareReadModels,
  decisionsSource,
  eventsSource,
  operationsSource,
  type Source,
} from '@writ/projector';
import {
  checkPositions,
  type Comparison,
  type PositionRow,
  positionRows,
  type Projection,
  resetProjections,
  type Store,
} from '@writ/readmodels';
import { toFailure } from '../failure.ts';
import {
  asUser,
  cellSecrets,
  databaseUrlOf,
  natsUrlOf,
  withStore,
} from '../platform/cell-access.ts';
import type { Session } from '../session.ts';
import { failed, type Finding, ok, repaired, warning } from './finding.ts';

type Room = {
  readonly nats: NatsConnection;
  readonly store: Store;
  readonly cell: string;
  readonly rows: readonly PositionRow[];
};
type Wishes = { readonly repair: boolean; readonly deep: boolean };

const rebuild = '`writ doctor --repair` builds it again from the log';

export async function examineReadModels(
  { config, connection }: Session,
  wishes: Wishes,
): Promise<readonly Finding[]> {
  const secrets = await cellSecrets(config);
  const natsUrl = natsUrlOf(config, connection());
  return withStore(databaseUrlOf(config, connection()), 'writ-doctor', (store) =>
    asUser('operator', { secrets, natsUrl }, async (nats) => {
      const room: Room = { nats, store, cell: secrets.cell, rows: await positionRows(store) };
      if (room.rows.length === 0)
        return [warning('read models', 'no projection has a position yet', 'start a projector')];
      const examined = [
        ...(await examineSource(room, eventsSource, wishes)),
        ...(await examineSource(room, decisionsSource, wishes)),
        ...(await examineSource(room, operationsSource, wishes)),
      ];
      return wishes.deep ? [...examined, ...(await compare(room, wishes))] : examined;
    }),
  );
}

async function examineSource<Content>(
  { nats, store, cell, rows }: Room,
  source: Source<Content>,
  { repair }: Wishes,
): Promise<readonly Finding[]> {
  const checked = await checkedSource(nats, { cell, source });
  const findings: Finding[] = [];
  let furthest = 0;
  for (const projection of source.projections) {
    const row = rows.find((one) => one.projection === projection.name);
    if (row === undefined) continue;
    furthest = Math.max(furthest, checked.lastSeq - row.seq);
    const problem = await problemOf(() => checkPositions([row], [projection], checked));
    if (problem !== undefined) findings.push(await mend(store, projection, { problem, repair }));
    else if (row.status === 'paused') findings.push(paused(row));
  }
  return findings.length > 0
    ? findings
    : [
        ok(
          `read models of ${source.name}`,
          `made from this stream, at most ${furthest} messages behind`,
        ),
      ];
}

async function compare({ nats, store }: Room, { repair }: Wishes): Promise<readonly Finding[]> {
  const compared = await compareReadModels(nats, store);
  const all: readonly Projection<never>[] = [
    eventsSource,
    decisionsSource,
    operationsSource,
  ].flatMap((source) => [...source.projections]);
  const findings: Finding[] = [];
  for (const { projection: name, differences } of compared) {
    const [first] = differences;
    const projection = all.find((one) => one.name === name);
    if (first !== undefined && projection !== undefined)
      findings.push(
        await mend(store, projection, {
          problem: `has ${differences.length} rows that the log does not say: ${described(first)}`,
          repair,
        }),
      );
  }
  const rows = compared.reduce((sum, one) => sum + one.rows, 0);
  return findings.length > 0
    ? findings
    : [ok('rows', `${rows} rows of ${compared.length} read models equal a fresh fold of the log`)];
}

async function mend(
  store: Store,
  projection: Projection<never>,
  found: { readonly problem: string; readonly repair: boolean },
): Promise<Finding> {
  const check = `read model ${projection.name}`;
  if (!found.repair) return failed(check, found.problem, rebuild);
  await resetProjections(store.pool, [projection]);
  return repaired(check, `${found.problem}; it was emptied, and a projector builds it again`);
}

function paused(row: PositionRow): Finding {
  const detail = `stopped before ${row.paused_seq ?? row.seq + 1} of ${row.source}: ${row.paused_reason ?? 'no reason given'}`;
  return failed(
    `read model ${row.projection}`,
    detail,
    'upgrade the projector, or restart it to try once more',
  );
}

async function problemOf(check: () => Promise<void>): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (thrown) {
    const failure = toFailure(thrown);
    if (failure.code !== 'CHECKPOINT_MISMATCH') throw thrown;
    return failure.message.replace(/; run `writ doctor --repair`$/, '');
  }
}

function described({ table, key, kind, columns }: Comparison['differences'][number]): string {
  const names = Object.keys(columns).join(', ');
  return `row \`${key}\` of ${table} is ${kind}${names === '' ? '' : ` in ${names}`}`;
}
