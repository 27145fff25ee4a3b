/** The history of a cell: agents that are registered, get their grants, work and are rated, some hundreds at a time. */
import type { EventStore } from '@writ/bus';
import { seed, type SeedOptions, type Seeding } from './seed.ts';
import { seederKey, enrolledAgent, factsOf, policySet } from './seeded-events.ts';

export type History = {
  /** All of them: registrations and grants too. */
  readonly events: number;
  readonly agents: number;
  /** The number of the first agent. */
  readonly firstAgent: number;
};

export const GRANTS_EACH = 20;
/** An agent's registration and grants. */
export const LEAST_EACH = 1 + GRANTS_EACH;
/** What agents of a usual history come to. */
export const EVENTS_EACH = 100;
const POLICIES = 20;
/** They work side by side, so much of each at a time. */
const COHORT = 500;

/** Appends a history of exactly so many events; throws `RangeError` when they are too few for the agents. */
export async function seedHistory(
  store: EventStore,
  history: History,
  options: SeedOptions = {},
): Promise<void> {
  if (history.events < history.agents * LEAST_EACH)
    throw new RangeError(
      `${history.agents} agents need ${history.agents * LEAST_EACH} events at least`,
    );
  await seed(store, (seeding) => lives(seeding, history), options);
}

/** What everything begins with: the key, and policies where they are wanted. Returns how many events these are. */
export async function seedRules(
  store: EventStore,
  { policies, ...options }: SeedOptions & { readonly policies: boolean },
): Promise<number> {
  let events = 0;
  await seed(
    store,
    function* (seeding) {
      yield seederKey(seeding);
      if (policies) yield policySet(seeding, POLICIES);
    },
    {
      ...options,
      onStored(more) {
        events += more;
        options.onStored?.(more);
      },
    },
  );
  return events;
}

function* lives(seeding: Seeding, history: History): Generator<() => Promise<void>> {
  for (let at = 0; at < history.agents; at += COHORT) {
    const cohort = Array.from({ length: Math.min(COHORT, history.agents - at) }, (_, i) => at + i);
    for (const n of cohort) yield enrolledAgent(seeding, history.firstAgent + n, GRANTS_EACH);
    const most = Math.max(...cohort.map((n) => factsOfAgent(n, history)));
    for (let i = 0; i < most; i++)
      for (const n of cohort)
        if (i < factsOfAgent(n, history))
          yield factsOf(seeding, history.firstAgent + n, { from: i, count: 1 });
  }
}

/** Every agent has as many as the others, or one more. */
function factsOfAgent(n: number, { events, agents }: History): number {
  const facts = events - agents * LEAST_EACH;
  return Math.floor(facts / agents) + (n < facts % agents ? 1 : 0);
}
