/** The log of a run while it is made: chance that is the same for the same seed, and events with their versions. */
import { createHash } from 'node:crypto';
import type { NewEvent } from '@writ/bus';
import type { WritEvent } from '@writ/contracts';

export type PlannedEvent = { readonly subject: string; readonly event: NewEvent };

export const OPERATOR = 'k0operator';

export class RunLog {
  readonly planned: PlannedEvent[] = [];
  readonly #versions = new Map<string, number>();
  #random: number;
  #timeMs: number;

  constructor(seed: number, startMs: number) {
    this.#random = seed;
    this.#timeMs = startMs;
  }

  get timeMs(): number {
    return this.#timeMs;
  }

  write(subject: string, aggregate: string, event: WritEvent): void {
    this.#timeMs += this.below(20_000);
    const version = (this.#versions.get(subject) ?? 0) + 1;
    this.#versions.set(subject, version);
    const keyed = this.below(3) === 0;
    this.planned.push({
      subject,
      event: {
        ...event,
        id: this.uuid(),
        timeMs: this.#timeMs,
        version,
        tenant: subject.split('.')[1] ?? '',
        actor: { type: 'api_key', id: OPERATOR },
        aggregate,
        idempotencyKey: keyed ? this.id('idem') : null,
        fingerprint: this.uuid().replaceAll('-', ''),
      },
    });
  }

  id(kind: string): string {
    return `${kind}-${this.planned.length}-${this.below(1_000_000)}`;
  }

  uuid(): string {
    const hex = createHash('sha256').update(`${this.planned.length}/${this.#next()}`).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('there is nothing to choose from');
    return item;
  }

  below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  /** Park and Miller's generator: the same numbers everywhere. */
  #next(): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    return this.#random / 2_147_483_647;
  }
}
