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
import { failed, type Finding, ok, warning } from './finding.ts';
import { lostText, mend, type Problem } from './mend-read-models.ts';

type Room = {
  readonly nats: NatsConnection;
  readonly store: Store;
  readonly cell: string;
  readonly rows: readonly PositionRow[];
};
/** A look at read models: what is wrong with the rows of some, and what else was found. */
type Look = { readonly problems: readonly Problem[]; readonly findings: readonly Finding[] };

export async function examineReadModels(
  session: Session,
  { repair, deep }: { readonly repair: boolean; readonly deep: boolean },
): Promise<readonly Finding[]> {
  const { config, connection } = session;
  const secrets = await cellSecrets(config);
  const natsUrl = natsUrlOf(config, connection());
  return withStore(databaseUrlOf(config, connection()), 'writ-doctor', (store) =>
    asUser('operator', { secrets, natsUrl }, async (nats) => {
      const room: Room = { nats, store, cell: secrets.cell, rows: await positionRows(store) };
      if (room.rows.length === 0)
        return [warning('read models', 'no projection has a position yet', 'start a projector')];
      const looks = [
        await examineSource(room, eventsSource),
        await examineSource(room, decisionsSource),
        await examineSource(room, operationsSource),
      ];
      // Rows that are known to be another log's are not compared with this one.
      if (deep && looks.every(({ problems }) => problems.length === 0))
        looks.push(await compare(room));
      const mended = await mend(
        session,
        looks.flatMap(({ problems }) => problems),
        repair,
      );
      return [...looks.flatMap(({ findings }) => findings), ...mended];
    }),
  );
}

async function examineSource<Content>(
  { nats, store, cell, rows }: Room,
  source: Source<Content>,
): Promise<Look> {
  const checked = await checkedSource(nats, { cell, source });
  const findings: Finding[] = [];
  const problems: Problem[] = [];
  let furthest = 0;
  for (const projection of source.projections) {
    const row = rows.find((one) => one.projection === projection.name);
    if (row === undefined) continue;
    furthest = Math.max(furthest, checked.lastSeq - row.seq);
    const problem = await problemOf(() => checkPositions([row], [projection], checked));
    if (problem !== undefined)
      problems.push({ projection: projection.name, seq: row.seq, problem });
    else if (row.status === 'paused') findings.push(paused(row));
  }
  if (problems.length === 0 && findings.length === 0)
    findings.push(
      ok(
        `read models of ${source.name}`,
        `made from this stream, at most ${furthest} messages behind`,
      ),
    );
  const foreign = await problemOf(() => checkPositions(rowsOf(source, rows), [], checked));
  const lost = foreign === undefined ? undefined : await lostText(store.pool, checked, problems);
  return { findings, problems: problems.map((problem) => ({ ...problem, lost })) };
}

function rowsOf<Content>(source: Source<Content>, rows: readonly PositionRow[]): PositionRow[] {
  return rows.filter((row) => source.projections.some(({ name }) => name === row.projection));
}

async function compare({ nats, store }: Room): Promise<Look> {
  const compared = await compareReadModels(nats, store);
  const problems = compared.flatMap(({ projection, seq, differences }): Problem[] => {
    const [first] = differences;
    const problem = `has ${differences.length} rows that the log does not say`;
    return first === undefined
      ? []
      : [{ projection, seq, problem: `${problem}: ${described(first)}` }];
  });
  const rows = compared.reduce((sum, one) => sum + one.rows, 0);
  const equal = `${rows} rows of ${compared.length} read models equal a fresh fold of the log`;
  return { problems, findings: problems.length > 0 ? [] : [ok('rows', equal)] };
}

function paused(row: PositionRow): Finding {
  const detail = `stopped before ${row.paused_seq ?? row.seq + 1} of ${row.source}: ${row.paused_reason ?? 'no reason given'}`;
  return failed(
    `read model ${row.projection}`,
    detail,
    LATER_EVENT.test(detail)
      ? 'upgrade every role: governors and commanders of this release do not start on that event either'
      : 'upgrade the projector, or restart it to try once more',
  );
}

/** How a reader says that it does not know the type of an event. */
const LATER_EVENT = /upgrade the role/;

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
