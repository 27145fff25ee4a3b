/** The measurements by name. */
import { CliFailure, type ExitCode, exitCodes } from '../failure.ts';
import type { Session } from '../session.ts';

/** Runs the named measurements, all when none is named. */
export async function runBench(_session: Session, names: readonly string[]): Promise<ExitCode> {
  throw new CliFailure(exitCodes.usage, `there is no measurement \`${names[0] ?? 'all'}\` yet`);
}
