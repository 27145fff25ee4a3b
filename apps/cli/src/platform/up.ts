/** `writ up`: the platform in this process, until it is told to stop. */
import { join } from 'node:path';
import { CliFailure, type ExitCode, exitCodes } from '../failure.ts';
import type { Session } from '../session.ts';
import { type Lifetime, openLifetime } from './lifetime.ts';
import { type OpenLog, openLog } from './logger.ts';
import { untilAborted } from './signals.ts';
import { type Platform, startPlatform } from './start-platform.ts';
import { machineSummary, renderSummary } from './summary.ts';

export type UpFlags = { readonly demo?: boolean; readonly fresh?: boolean };

export async function up(session: Session, flags: UpFlags): Promise<ExitCode> {
  const { out } = session;
  let opened: OpenLog | undefined;
  const lifetime = openLifetime({
    force() {
      out.note('forced; servers are ended without waiting');
      process.exit(exitCodes.no);
    },
    onFault: (error) => opened?.log.error({ err: error }, 'a fault that nothing caught'),
  });
  try {
    const startedMs = performance.now();
    out.note(`starting in ${session.config.dataDir}`);
    const platform = await start(session, {
      fresh: flags.fresh === true,
      lifetime,
      onLog: (log) => {
        opened = log;
      },
    });
    if (platform === undefined) return exitCodes.done;
    try {
      const tookMs = Math.round(performance.now() - startedMs);
      out.note(`ready after ${(tookMs / 1000).toFixed(1)} s: ${platform.connection.httpUrl}`);
      await serve(session, { platform, tookMs, demo: flags.demo === true, lifetime });
    } finally {
      await platform.stop();
    }
    lifetime.settle();
    out.note('stopped; the data is kept');
    return exitCodes.done;
  } finally {
    lifetime.dispose();
  }
}

type Start = {
  readonly fresh: boolean;
  readonly lifetime: Lifetime;
  readonly onLog: (log: OpenLog) => void;
};

/** `undefined` when the start was called off. */
async function start(
  { config, host, out }: Session,
  { fresh, lifetime, onLog }: Start,
): Promise<Platform | undefined> {
  const open = (): OpenLog => {
    const log = openLog({
      level: config.environment.WRIT_LOG_LEVEL,
      file: join(config.dataDir, 'logs', 'writ.log'),
      people: host.stderr,
    });
    onLog(log);
    return log;
  };
  try {
    return await startPlatform({
      config,
      fresh,
      openLog: open,
      signal: lifetime.signal,
      tell: (text) => out.note(text),
      onBroken: (failure) => lifetime.end(failure),
    });
  } catch (thrown) {
    lifetime.settle();
    if (thrown instanceof CliFailure && thrown.code === 'CALLED_OFF') return undefined;
    throw thrown;
  }
}

type Serving = {
  readonly platform: Platform;
  readonly tookMs: number;
  readonly demo: boolean;
  readonly lifetime: Lifetime;
};

async function serve(
  session: Session,
  { platform, tookMs, demo, lifetime }: Serving,
): Promise<void> {
  const { config, out } = session;
  if (demo) await demonstrate(session, platform, lifetime.signal);
  if (!lifetime.signal.aborted)
    out.document(machineSummary(config, platform, tookMs), () =>
      renderSummary(out, config, { platform, demo }),
    );
  await lifetime.over();
  out.note('stopping');
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
  const colours = out.colours.isColorSupported;
  const story = runFleet({
    natsUrl,
    httpUrl,
    adminKey,
    tenant,
    dataDir: config.dataDir,
    print,
    colours,
  });
  try {
    await Promise.race([story, untilAborted(signal)]);
  } catch (error) {
    out.note(`the demonstration failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  // Told to stop in the middle, the story loses its servers; nobody reads how it ends.
  story.catch(() => undefined);
}
