/** Orders that the log has already: found by the ids that their idempotency keys derive, and answered as they were. */
import { type WritEvent, WritError } from '@writ/contracts';
import type { Execution } from './aggregates.ts';
import { eventIdOf, type Order, type Outcome } from './order.ts';

/** Events of an aggregate that were stored under an idempotency key, by id. */
export type Remembered = Map<string, RememberedEvent>;

type RememberedEvent = {
  readonly event: WritEvent;
  readonly seq: number;
  readonly ceType: string;
  readonly fingerprint: string | null;
};

/** An aggregate as it was folded. */
type Entry = { readonly state: unknown; readonly remembered: Remembered };

/** Whether the order was stored before; throws `IDEMPOTENCY_KEY_REUSED` where that had another body. */
export function wasMet(
  order: Order,
  [{ aggregate }]: Execution<unknown>['parts'],
  entries: readonly Entry[],
): boolean {
  if (order.idempotencyKey === null) return false;
  const first = find(entries, eventIdOf(order, aggregate, 0));
  if (first !== undefined && first.fingerprint !== order.fingerprint)
    throw reused('idempotencyKey', order.idempotencyKey);
  return first !== undefined;
}

/** What came of an order that was met. */
export function repeat<State>(
  order: Order,
  execution: Execution<State>,
  entries: readonly Entry[],
): Outcome {
  const found: (RememberedEvent & { readonly id: string })[] = [];
  for (let index = 0; ; index++) {
    const id = eventIdOf(order, execution.parts[0].aggregate, index);
    const remembered = find(entries, id);
    if (!remembered) break;
    found.push({ id, ...remembered });
  }
  return {
    events: found.map(({ id, ceType, seq }) => ({ id, type: ceType, seq })),
    seq: Math.max(...found.map(({ seq }) => seq)),
    result: execution.result(
      found.map(({ event }) => event),
      entries[0]?.state as State,
    ),
  };
}

function find(entries: readonly Entry[], id: string): RememberedEvent | undefined {
  for (const { remembered } of entries) {
    const found = remembered.get(id);
    if (found) return found;
  }
  return undefined;
}

/** The refusal of an id that was used for something else; `field` is where it was given. */
export function reused(field: string, id: string): WritError {
  return new WritError(
    'IDEMPOTENCY_KEY_REUSED',
    `\`${field}\` \`${id}\` was used with another body; send a new one, or the same body`,
    { details: [{ path: field, message: 'was used with another body' }] },
  );
}
