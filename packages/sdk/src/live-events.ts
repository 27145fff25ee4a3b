/**
 * Events as they are committed, by core subscription.
 *
 * 1. Only what the log committed is handed over: other messages on the same subjects are dropped.
 * 2. The handler is called for one event at a time, in the order of the log per subscription subject.
 * 3. Delivery is not promised: events while the connection is away are missed; `history` has them all.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { agentTokens, type EventName, WritError } from '@writ/contracts';
import { errors, type Subscription } from '@nats-io/transport-node';
import type { Link } from './link.ts';
import { type LoggedEvent, readLiveEvent } from './logged-event.ts';

/** A handler may be behind by so many events before its subscription ends. */
const MOST_PENDING = 10_000;
const AGENT_AGGREGATES = ['registry.agent', 'authority.grants', 'execution.facts'] as const;

export type EventFilter<N extends EventName = EventName> = {
  /** Only events of this agent, its grants, executions and feedback; all that the key may see when left out. */
  readonly agentId?: string;
  readonly types?: readonly N[];
  readonly correlationId?: string;
};

export type EventSubscription = {
  /** Resolves after `stop`; rejects when the handler threw, fell too far behind, or the key may not listen any more. */
  readonly done: Promise<void>;
  /** Ends the subscription once the event being handled is done. */
  stop(): Promise<void>;
};

export async function listen<N extends EventName>(
  link: Link,
  filter: EventFilter<N>,
  handler: (event: LoggedEvent<N>) => void | Promise<void>,
): Promise<EventSubscription> {
  const subscriptions = subjectsOf(link.tenant, filter).map((subject) => link.subscribe(subject));
  const stop = (): void => subscriptions.forEach((subscription) => subscription.unsubscribe());
  let last: Promise<void> = Promise.resolve();
  const take = (event: LoggedEvent<N>): Promise<void> => (last = last.then(() => handler(event)));
  const done = Promise.all(
    subscriptions.map((subscription) => pump(subscription, filter, take)),
  ).then(
    () => undefined,
    (thrown: unknown) => {
      stop();
      throw thrown;
    },
  );
  // Whether the key may listen is known once the bus has answered; then the failure belongs to the caller of this.
  let failed: unknown;
  done.catch((thrown: unknown) => {
    failed = thrown;
  });
  await link.flush();
  // A refusal arrives before the answer to the flush, and is handled in the turn after it.
  await nextTurn();
  if (failed !== undefined) throw failed;
  return {
    done,
    async stop() {
      stop();
      await done;
    },
  };
}

async function pump<N extends EventName>(
  subscription: Subscription,
  filter: EventFilter<N>,
  take: (event: LoggedEvent<N>) => Promise<void>,
): Promise<void> {
  try {
    for await (const message of subscription) {
      if (subscription.getPending() > MOST_PENDING)
        throw new WritError(
          'OVERLOADED',
          `the handler is more than ${MOST_PENDING} events behind; do less in it, or read \`history\``,
        );
      const event = readLiveEvent(message);
      if (event && matches(event, filter)) await take(event as LoggedEvent<N>);
    }
  } catch (thrown) {
    if (!(thrown instanceof errors.PermissionViolationError)) throw thrown;
    throw new WritError(
      'NOT_ALLOWED',
      'the key may not listen to these events; name an agent that it speaks for',
      { cause: thrown },
    );
  }
}

export function matches(event: LoggedEvent, { types, correlationId }: EventFilter): boolean {
  if (types && !types.includes(event.type)) return false;
  return correlationId === undefined || event.correlationId === correlationId;
}

/** An agent's key may listen to exactly the subjects of its agents, so a filter by agent names those. */
function subjectsOf(tenant: string, { agentId }: EventFilter): string[] {
  if (agentId === undefined) return [`writ.${tenant}.evt.>`];
  const tokens = agentTokens(agentId);
  if (!tokens)
    throw new WritError(
      'BODY_INVALID',
      `\`${agentId}\` is not an agent id; write it as \`<name>\` or \`<container>:<name>\``,
    );
  return AGENT_AGGREGATES.map(
    (aggregate) => `writ.${tenant}.evt.${aggregate}.${tokens.container}.${tokens.name}`,
  );
}
