/** Read models that are not what the log says: what is lost, and how they become what it says. */
import type { CheckedSource, Store } from '@writ/readmodels';
import type { Session } from '../session.ts';
import { failed, type Finding, repaired } from './finding.ts';

export type Problem = {
  readonly projection: string;
  /** How far its rows are. */
  readonly seq: number;
  readonly problem: string;
  /** What the rows know and the log no longer has. */
  readonly lost?: string | undefined;
};

const remedy = '`writ doctor --repair` replaces its rows by what the log says now';

/** Names the sequences that rows were made from and that are no longer, or no longer the same, in the log. */
export async function lostText(
  pool: Store['pool'],
  stream: CheckedSource,
  problems: readonly Problem[],
): Promise<string | undefined> {
  const seq = Math.max(0, ...problems.map((problem) => problem.seq));
  if (stream.source !== 'EVENTS')
    return seq > stream.lastSeq ? `${stream.lastSeq + 1} to ${seq} are lost` : undefined;
  const { lastInCommon } = await import('@writ/readmodels');
  const common = await lastInCommon(pool, stream);
  if (common >= seq) return undefined;
  const agreed =
    common === 0 ? 'no fact of the rows is in this log' : `rows and log agree up to ${common}`;
  return `${agreed}; what was at ${common + 1} to ${seq} is lost from the log`;
}

/** Says what is wrong, or replaces the rows by what the log says and says that. */
export async function mend(
  session: Session,
  problems: readonly Problem[],
  repair: boolean,
): Promise<readonly Finding[]> {
  if (problems.length === 0) return [];
  const found = problems.map(({ projection, problem, lost }) => ({
    check: `read model ${projection}`,
    detail: lost === undefined ? problem : `${problem}: ${lost}`,
  }));
  if (!repair) return found.map(({ check, detail }) => failed(check, detail, remedy));
  const lost = new Set(problems.flatMap((problem) => problem.lost ?? []));
  for (const text of lost) session.out.note(`replacing rows: ${text}`);
  const { rebuildWithProgress } = await import('../operations/rebuild.ts');
  const names = problems.map(({ projection }) => projection);
  await rebuildWithProgress(session, names, { replaceForeign: true });
  return found.map(({ check, detail }) => repaired(check, `${detail}; its rows were built again`));
}
