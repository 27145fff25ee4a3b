/** Appends made-up histories to a log, as fast as the log takes them. */
import { randomUUID } from 'node:crypto';
import type { EventStore, NewEvent } from '@writ/bus';
import type { WritEvent } from '@writ/contracts';

export const TENANT = 'default';
/** A key that may speak for every agent and give every command. */
export const KEY = 'benchkey000001';

/** In whose name events are made up, and whose agents they are about. */
export type Seeder = {
  readonly tenant: string;
  readonly container: string;
  readonly keyId: string;
  /** Of the key's secret; `00` is that of none. */
  readonly secretHash: string;
  /** What the key may do; an agent's key speaks for the agents of the container. */
  readonly role: 'admin' | 'agent';
};

export const BENCH: Seeder = {
  tenant: TENANT,
  container: 'bench',
  keyId: KEY,
  secretHash: '00',
  role: 'admin',
};

export const agentIdOf = (n: number, { container } = BENCH): string => `${container}:agent-${n}`;

/** More events of one aggregate. */
export type Part = {
  readonly subject: string;
  readonly aggregate: string;
  readonly events: readonly WritEvent[];
};

export type Seeding = {
  readonly seeder: Seeder;
  /** Appends events of some aggregates, all or none. */
  write(...parts: readonly Part[]): Promise<void>;
};

export type SeedOptions = {
  readonly seeder?: Seeder;
  /** Tasks at once; 100 when left out. */
  readonly atOnce?: number;
  /** Told how many events were stored since it was told last. */
  readonly onStored?: (events: number) => void;
};

/** Where an aggregate is after what was written to it. */
type Place = { readonly version: number; readonly seq: number };

/** Events of agents are stored one at a time, as they come in life; many single ones are faster than batches of some. */
const AT_ONCE = 100;
const NOWHERE: Place = { version: 0, seq: 0 };

/** Carries out tasks that write, some at once; what they write to one aggregate is stored in their order. */
export async function seed(
  store: EventStore,
  tasksOf: (seeding: Seeding) => Iterable<() => Promise<void>>,
  { seeder = BENCH, atOnce = AT_ONCE, onStored }: SeedOptions = {},
): Promise<void> {
  const places = new Map<string, Promise<Place>>();
  const write: Seeding['write'] = async (...parts) => {
    const before = parts.map(({ subject }) => places.get(subject) ?? Promise.resolve(NOWHERE));
    const after = Promise.all(before).then((at) => append(store, { seeder, parts, at }));
    parts.forEach(({ subject }, i) => {
      const place = after.then((at) => at[i] ?? NOWHERE);
      place.catch(() => undefined);
      places.set(subject, place);
    });
    await after;
    onStored?.(parts.reduce((sum, { events }) => sum + events.length, 0));
  };
  const tasks = tasksOf({ seeder, write })[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = tasks.next(); !next.done; next = tasks.next()) await next.value();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

type Append = {
  readonly seeder: Seeder;
  readonly parts: readonly Part[];
  readonly at: readonly Place[];
};

async function append(store: EventStore, { seeder, parts, at }: Append): Promise<Place[]> {
  const versionOf = (i: number): number => at[i]?.version ?? 0;
  const { events, lastSeq } = await store.append(
    parts.map((part, i) => ({
      subject: part.subject,
      expectedLastSeq: at[i]?.seq ?? 0,
      events: newEvents(part, { seeder, version: versionOf(i) }),
    })),
  );
  let seq = lastSeq - events.length;
  return parts.map(({ events: { length } }, i) => {
    seq += length;
    return { version: versionOf(i) + length, seq };
  });
}

function newEvents(
  { events, aggregate }: Part,
  { seeder, version }: { readonly seeder: Seeder; readonly version: number },
): NewEvent[] {
  const timeMs = Date.now();
  return events.map((event, i) => ({
    ...event,
    id: randomUUID(),
    timeMs,
    version: version + i + 1,
    tenant: seeder.tenant,
    actor: { type: 'api_key', id: seeder.keyId },
    aggregate,
  }));
}
