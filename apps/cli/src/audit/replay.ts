/** `writ replay`: the log as a timeline, from any point, and on as it grows. */
import { setTimeout as pause } from 'node:timers/promises';
import type { EventView } from '@writ/contracts';
import type { Command } from 'commander';
import { CliFailure, exitCodes, toFailure } from '../failure.ts';
import type { Query } from '../http/client.ts';
import { handled, type Host, type Session } from '../session.ts';
import type { Output } from '../terminal/output.ts';
import { oneLine } from '../terminal/table.ts';
import { countBetween, type Page, withTimes } from '../verb.ts';
import { describeEvent, shortType, toneOf } from './describe-event.ts';

type ReplayFlags = {
  readonly from?: number;
  readonly to?: number;
  readonly since?: string;
  readonly until?: string;
  readonly agent?: string;
  readonly type?: string;
  readonly correlation?: string;
  readonly limit?: number;
  readonly follow?: boolean;
  readonly archive?: readonly string[];
};

const PAGE = 500;

export function addReplayVerb(program: Command, host: Host): void {
  withTimes(program.command('replay').description('print the events of the log, oldest first'))
    .option('--from <seq>', 'from this sequence on', countBetween(1, Number.MAX_SAFE_INTEGER))
    .option('--to <seq>', 'up to this sequence', countBetween(1, Number.MAX_SAFE_INTEGER))
    .option('--agent <agentId>', 'of this agent')
    .option('--type <type>', 'of this type, e.g. FeedbackGiven')
    .option('--correlation <id>', 'of this correlation id')
    .option('--limit <n>', 'at most so many', countBetween(1, Number.MAX_SAFE_INTEGER))
    .option('--archive <file...>', 'of these archived segments or exports, nothing else is asked')
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .addHelpText(
      'after',
      '\nExample:\n  writ replay --agent langgraph-v2:chart_generator --since 1h --follow',
    )
    .action(handled<ReplayFlags>(host, replay, 'stream'));
}

async function replay(
  session: Session,
  _args: readonly string[],
  flags: ReplayFlags,
): Promise<void> {
  if (flags.follow === true && (flags.to !== undefined || flags.until !== undefined))
    throw new CliFailure(exitCodes.usage, '--follow has no end; leave out --to and --until');
  const signal = session.host.interrupted();
  const print = (event: EventView) =>
    session.out.record(event, () => renderEvent(session.out, event));
  if (flags.archive !== undefined) return await replayFiles(session, flags, { print, signal });
  const { lastSeq, complete } = await printHistory(session, flags, print, signal);
  if (flags.follow === true && complete && !signal.aborted)
    await follow(session, flags, lastSeq, print, signal);
}

async function replayFiles(
  { config }: Session,
  { archive = [], follow: isFollowing, ...range }: ReplayFlags,
  to: { readonly print: (event: EventView) => void; readonly signal: AbortSignal },
): Promise<void> {
  if (isFollowing === true)
    throw new CliFailure(exitCodes.usage, 'an archive does not grow; leave out --follow');
  const { replayArchives } = await import('./replay-archive.ts');
  await replayArchives(archive, { ...range, tenant: config.environment.WRIT_TENANT }, to);
}

function filtersOf(flags: ReplayFlags): Query {
  return { type: flags.type, agentId: flags.agent, correlationId: flags.correlation };
}

/** Pages through what is stored; `complete` unless the limit ended it. */
async function printHistory(
  session: Session,
  flags: ReplayFlags,
  print: (event: EventView) => void,
  signal: AbortSignal,
): Promise<{ readonly lastSeq: number; readonly complete: boolean }> {
  let left = flags.limit ?? Number.POSITIVE_INFINITY;
  let lastSeq = (flags.from ?? 1) - 1;
  let cursor: string | null = null;
  const range: Query = { from: flags.from, to: flags.to, since: flags.since, until: flags.until };
  do {
    const query: Query = {
      ...filtersOf(flags),
      ...range,
      limit: Math.min(PAGE, left),
      cursor: cursor ?? undefined,
    };
    const page: Page<EventView> = await session.api().get('/v1/events', query);
    for (const event of page.items) {
      print(event);
      lastSeq = event.seq;
    }
    left -= page.items.length;
    cursor = page.nextCursor;
  } while (cursor !== null && left > 0 && !signal.aborted);
  return { lastSeq, complete: left > 0 };
}

/** Follows the stream of events; when it breaks off it is opened again behind the last event seen. */
async function follow(
  session: Session,
  flags: ReplayFlags,
  after: number,
  print: (event: EventView) => void,
  signal: AbortSignal,
): Promise<void> {
  let lastSeq = after;
  let waitMs = 0;
  while (!signal.aborted) {
    try {
      const query: Query = { ...filtersOf(flags), from: lastSeq + 1 };
      for await (const message of session.api().events('/v1/events/stream', query, signal)) {
        waitMs = 0;
        const event = JSON.parse(message.data) as EventView;
        if (event.seq <= lastSeq) continue;
        lastSeq = event.seq;
        print(event);
      }
    } catch (thrown) {
      if (signal.aborted) return;
      const failure = toFailure(thrown);
      if (failure.exitCode !== exitCodes.unreachable && failure.code !== 'INTERNAL') throw failure;
      if (waitMs === 0) session.out.note(`${failure.message}; trying again`);
    }
    waitMs = Math.min(5000, waitMs + 500);
    await pause(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

function renderEvent(out: Output, event: EventView): string {
  const { colours } = out;
  const name = shortType(event.type);
  const tone = toneOf(name, event.data);
  const paint = tone === 'good' ? colours.green : tone === 'bad' ? colours.red : colours.cyan;
  const time = event.time.slice(0, 23).replace('T', ' ');
  const said = oneLine(describeEvent(name, event.data));
  return `${colours.dim(`${String(event.seq).padStart(6)}  ${time}`)}  ${paint(name.padEnd(22))} ${colours.bold(aboutOf(event))} ${said}`;
}

/** The agent an event is about, or the aggregate it belongs to. */
function aboutOf(event: EventView): string {
  return oneLine(
    event.agentId ??
      event.subject
        .split('.')
        .slice(4)
        .filter((token) => token !== '_')
        .join(' '),
  );
}
