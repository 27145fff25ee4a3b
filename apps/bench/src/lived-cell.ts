/** A cell that has lived for a while: its log grows by whole histories, and a snapshot stands where one would. */
import { hashSecret, newApiKey } from '@writ/bus';
import { takeSnapshot } from '@writ/snapshotter';
import { EVENTS_EACH, seedHistory, seedRules } from './history.ts';
import type { Progress } from './progress.ts';
import { BENCH, type Seeder } from './seed.ts';
import { openStage, type Stage } from './stage.ts';

/** A snapshotter makes the next snapshot when so many events came. */
const TAIL_EVENTS = 25_000;
const SLICE_EVENTS = 50_000;

export type LivedCell = {
  readonly stage: Stage;
  /** An administrator's. */
  readonly apiKey: string;
  readonly seeder: Seeder;
  /** Events in its log. */
  readonly events: number;
  readonly agents: number;
  /**
   * Appends histories until the log has so many events, with a snapshot short of its end; milliseconds that the
   * appending took. `between` is awaited now and then, and not counted.
   */
  grow(events: number, between?: () => Promise<void>): Promise<number>;
};

/** Starts a cell whose log is empty yet. */
export async function openLivedCell(progress: Progress): Promise<LivedCell> {
  const stage = await openStage();
  const store = await stage.store();
  const { keyId, secret, apiKey } = newApiKey();
  const secretHash = hashSecret(stage.secrets.pepper, secret);
  const seeder: Seeder = { ...BENCH, keyId, secretHash };
  let [events, agents, tookMs] = [0, 0, 0];
  const live = async (more: number, onStored: (events: number) => void): Promise<void> => {
    const history = {
      events: more,
      agents: Math.max(1, Math.floor(more / EVENTS_EACH)),
      firstAgent: agents,
    };
    const began = performance.now();
    await seedHistory(store, history, { seeder, onStored });
    tookMs += performance.now() - began;
    events += more;
    agents += history.agents;
  };
  return {
    stage,
    apiKey,
    seeder,
    get events() {
      return events;
    },
    get agents() {
      return agents;
    },
    async grow(wanted, between = () => Promise.resolve()) {
      const before = events;
      let stored = 0;
      const count = (more: number): void => {
        stored += more;
        progress.count(`filling the log to ${wanted}`, stored, wanted - before);
      };
      tookMs = 0;
      if (events === 0)
        events = await seedRules(store, { seeder, policies: true, onStored: count });
      const tail = Math.min(Math.ceil((wanted - events) / 2), TAIL_EVENTS);
      for (let left = wanted - events - tail; left > 0; left = wanted - events - tail) {
        // A last slice that is too small for an agent goes with the one before.
        await live(left < 2 * SLICE_EVENTS ? left : SLICE_EVENTS, count);
        await between();
      }
      progress.say(`making a snapshot at ${events} events`);
      const { saved } = await takeSnapshot({ secrets: stage.secrets, natsUrl: stage.natsUrl });
      if (saved === undefined) throw new Error('no snapshot was made');
      await live(tail, count);
      return tookMs;
    },
  };
}

/** One cell for all benches of a run that want a long log, filled when the first one asks. */
export type SharedCell = { cell(): Promise<LivedCell>; stop(): Promise<void> };

export function shareCell(progress: Progress, events: number): SharedCell {
  let opened: Promise<LivedCell> | undefined;
  const open = async (): Promise<LivedCell> => {
    const cell = await openLivedCell(progress);
    await cell.grow(events);
    return cell;
  };
  return {
    cell: () => (opened ??= open()),
    stop: async () => await (await opened)?.stage.stop(),
  };
}
