/** One agent's life, read back from the log. */
import { setTimeout as wait } from 'node:timers/promises';
import type { LoggedEvent } from '@writ/sdk';
import { cast } from '../cast.ts';
import { expectThat } from '../expectation.ts';
import type { Fleet } from '../fleet.ts';

const SHOWN = 12;
/** The log's time is not this machine's. */
const CLOCKS_APART_MS = 60_000;
const LIVE_DEADLINE_MS = 5_000;

export async function life(fleet: Fleet): Promise<void> {
  const { operator, printer } = fleet;
  const { agentId } = cast.hasty;
  await printer.chapter(`The life of ${agentId}, replayed from the log`);
  const events: LoggedEvent[] = [];
  for await (const event of operator.history({ agentId })) events.push(event);
  if (events.length > SHOWN) printer.note(`${events.length - SHOWN} earlier events`);
  for (const event of events.slice(-SHOWN))
    printer.text(`${String(event.seq).padStart(6)}  ${event.time.slice(11, 23)}  ${told(event)}`);
  const types = new Set(events.map(({ type }) => type));
  for (const type of [
    'AgentRegistered',
    'GrantIssued',
    'ExecutionReported',
    'FeedbackGiven',
  ] as const)
    expectThat(types.has(type), `the life of \`${agentId}\` lacks ${type}`);
  await sawAllOf(fleet);
}

/** Every event of this run reached the operator by itself, too. */
async function sawAllOf({ operator, run, seen, printer }: Fleet): Promise<void> {
  const stored: number[] = [];
  const since = new Date(run.startedAt.getTime() - CLOCKS_APART_MS);
  for await (const { seq } of operator.history({ correlationId: run.correlationId, since }))
    stored.push(seq);
  const missing = () => stored.filter((seq) => !seen.has(seq)).length;
  for (const deadline = Date.now() + LIVE_DEADLINE_MS; missing() > 0 && Date.now() < deadline; )
    await wait(10);
  expectThat(
    missing() === 0,
    `${missing()} of ${stored.length} events of this run were stored but not seen live`,
  );
  printer.done(`all ${stored.length} events of this run were also seen live, as they were stored`);
}

/** An event in a few words. */
function told(event: LoggedEvent): string {
  switch (event.type) {
    case 'AgentRegistered':
    case 'AgentVersionRegistered':
      return `registered as ${event.data.name}, version ${event.data.version}`;
    case 'GrantIssued':
      return `was granted ${event.data.actions.join(', ')} on ${event.data.resources.join(', ')}`;
    case 'ExecutionStarted':
      return `began to ${event.data.action} on ${event.data.resource}`;
    case 'ExecutionReported':
      return `${event.data.outcome} to ${event.data.action} after ${event.data.durationMs} ms`;
    case 'FeedbackGiven':
      return `was rated ${event.data.rating} (${event.data.severity}) by ${event.data.rater}: ${event.data.comment ?? ''}`;
    case 'AgentSuspended':
    case 'AgentResumed':
    case 'AgentRetired':
      return `was ${event.type.slice('Agent'.length).toLowerCase()}: ${event.data.reason ?? ''}`;
    default:
      return event.type;
  }
}
