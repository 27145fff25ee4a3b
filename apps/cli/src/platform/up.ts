/** `writ up`: the platform in this process, until it is told to stop. */
import { join } from 'node:path';
import { CliFailure, type ExitCode, exitCodes } from '../failure.ts';
import type { Session } from '../session.ts';
import { type OpenLog, openLog } from './logger.ts';
import { listenForStop, untilAborted } from './signals.ts';
import { type Platform, startPlatform } from './start-platform.ts';
import { renderSummary } from './summary.ts';

export type UpFlags = { readonly demo?: boolean; readonly fresh?: boolean };

export async function up(session: Session, flags: UpFlags): Promise<ExitCode> {
  const { config, out, host } = session;
  const broken: CliFailure[] = [];
  const stopping = listenForStop(() => {
    out.note('forced; servers are ended without waiting');
    process.exit(exitCodes.no);
  });
  const startedMs = performance.now();
  const platform = await start();
  if (platform === undefined) return exitCodes.done;
  try {
    const tookMs = Math.round(performance.now() - startedMs);
    out.note(`ready after ${(tookMs / 1000).toFixed(1)} s: ${platform.connection.httpUrl}`);
    if (flags.demo === true) await demonstrate(session, platform, stopping.signal);
    const { adminKey: _, ...shown } = platform.connection;
    out.document({ ...shown, dataDir: config.dataDir, tookMs }, () =>
      renderSummary(out, config, platform),
    );
    await untilAborted(stopping.signal);
    out.note('stopping');
  } finally {
    await platform.stop();
    stopping.dispose();
  }
  if (broken[0] !== undefined) throw broken[0];
  out.note('stopped; the data is kept');
  return exitCodes.done;

  /** `undefined` when it was called off. */
  async function start(): Promise<Platform | undefined> {
    const openLogs = (): OpenLog =>
      openLog({
        level: config.environment.WRIT_LOG_LEVEL,
        file: join(config.dataDir, 'logs', 'writ.log'),
        people: host.stderr,
      });
    const onBroken = (failure: CliFailure) => {
      broken.push(failure);
      stopping.request(failure.code);
    };
    try {
      return await startPlatform({
        config,
        fresh: flags.fresh === true,
        openLog: openLogs,
        signal: stopping.signal,
        tell: (text) => out.note(text),
        onBroken,
      });
    } catch (thrown) {
      if (broken[0] !== undefined) throw broken[0];
      if (thrown instanceof CliFailure && thrown.code === 'CALLED_OFF') return undefined;
      throw thrown;
    }
  }
}

/** Runs the fleet; what goes wrong in it is said and ends nothing. */
async function demonstrate(
  { out, config }: Session,
  { connection }: Platform,
  signal: AbortSignal,
): Promise<void> {
  const { natsUrl, httpUrl, adminKey, tenant } = connection;
  const { runFleet } = await import('@writ/example-fleet');
  const print = (line: string) => {
    if (!signal.aborted) out.tell(line);
  };
  const story = runFleet({
    natsUrl,
    httpUrl,
    adminKey,
    tenant,
    dataDir: config.dataDir,
    print,
    colours: out.colours.isColorSupported,
  });
  try {
    await Promise.race([story, untilAborted(signal)]);
  } catch (error) {
    out.note(`the demonstration failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  // Told to stop in the middle, the story loses its servers; nobody reads how it ends.
  story.catch(() => undefined);
}
