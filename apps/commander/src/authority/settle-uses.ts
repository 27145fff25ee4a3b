/**
 * Closes uses whose report is stored and answered, but was not followed by their closing: the commander that took it
 * had not read of the reservation yet, and died before it did. Every commander looks once for the report of each use
 * that stays open, in the agent's facts after the reservation; the log takes the first.
 *
 * A report that comes later finds the reservation folded, and is not answered before the use is closed; a commander
 * that is still behind looks in its own time. Uses that a snapshot holds are not looked for: where a report of one
 * stands before the snapshot, the use stays open and what was reserved stands.
 */
import type { EventStore, StoredEvent } from '@writ/bus';
import { subjects, type WritEvent } from '@writ/contracts';
import type { Aggregates } from '../aggregates.ts';
import { ownOrder } from '../order.ts';
import { takeTurns, type Turns } from '../turns.ts';
import type { OpenUses, ReservedUse } from './open-uses.ts';
import { closeAt } from './uses.ts';

/** Longer than commanders are behind each other: a use is looked at after one to two of these. */
const LOOK_MS = 5000;
const PAGE = 1000;

type SettlingOptions = {
  readonly uses: OpenUses;
  readonly store: Pick<EventStore, 'read'>;
  readonly aggregates: Pick<Aggregates, 'execute'>;
  /** Throws when nothing may be decided now. */
  readonly refuseDoubt: () => void;
  readonly nowMs: () => number;
  readonly onTrouble: (error: unknown) => void;
};

type Report = StoredEvent & WritEvent<'ExecutionReported'>;

export function settleUses(options: SettlingOptions): Turns {
  const turn = (stopping: AbortSignal) => settleWaiting(options, stopping);
  return takeTurns({ everyMs: LOOK_MS, turn, onTrouble: options.onTrouble });
}

/** Agent by agent; those that fail are tried again at the next look, and keep no others from their end. */
async function settleWaiting(options: SettlingOptions, stopping: AbortSignal): Promise<void> {
  const byAgent = Map.groupBy(
    options.uses.waiting(),
    ({ tenant, usedBy }) => `${tenant}/${usedBy}`,
  );
  for (const [first, ...others] of byAgent.values()) {
    if (stopping.aborted) return;
    if (first === undefined) continue;
    try {
      options.refuseDoubt();
      await settleOfAgent(options, [first, ...others]);
    } catch (error) {
      for (const use of [first, ...others]) options.uses.waitsOn(use);
      options.onTrouble(error);
    }
  }
}

async function settleOfAgent(
  options: SettlingOptions,
  waiting: readonly [ReservedUse, ...ReservedUse[]],
): Promise<void> {
  const [{ tenant, usedBy }] = waiting;
  const open = new Map(waiting.map((use) => [use.decisionId, use]));
  const filter = subjects.facts(tenant, usedBy);
  let fromSeq = Math.min(...waiting.map(({ seq }) => seq)) + 1;
  for (;;) {
    const events = await options.store.read({ fromSeq, limit: PAGE, filter });
    for (const event of events) {
      if (event.type !== 'ExecutionReported' || event.data.decisionId === null) continue;
      const use = open.get(event.data.decisionId);
      open.delete(event.data.decisionId);
      if (use) await settle(options, use, event as Report);
    }
    const last = events.at(-1);
    if (events.length < PAGE || last === undefined || open.size === 0) return;
    fromSeq = last.seq + 1;
  }
}

async function settle(
  { uses, aggregates, nowMs }: SettlingOptions,
  use: ReservedUse,
  { data, correlationId }: Report,
): Promise<void> {
  const { tenant, decisionId, usedBy } = use;
  const { outcome, costMicros, tokens } = data;
  const order = ownOrder({ tenant, verb: 'settle-use', receivedMs: nowMs() });
  await closeAt(
    { aggregates },
    { ...order, correlationId },
    {
      holders: uses.holdersOf(use),
      report: { decisionId, usedBy, outcome, costMicros, tokens },
    },
  );
}
