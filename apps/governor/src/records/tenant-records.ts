/**
 * The decision records of one tenant on their way to DECISIONS.
 *
 * 1. Records are numbered from 1 in the order they are added; a batch is tried until it is stored,
 *    so numbers have no holes while the boot lives.
 * 2. A batch closes at 64 records, before it has more than 262,144 characters or after 2 ms; at once when somebody
 *    waits for it and nothing else is under way. A longer record has a batch of its own.
 * 3. What waits for its record hears within two seconds whether it is stored.
 * 4. While the log refuses records, no more are taken: what is held is bounded.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { isAscii } from '../ascii.ts';
import { within } from '../within.ts';

const MAX_BATCH_RECORDS = 64;
/** Characters, of at most three bytes each: a message holds 1 MiB, and to count bytes would take longer. */
const MAX_BATCH_LENGTH = 256 * 1024;
const BATCH_MS = 2;
const MAX_IN_FLIGHT = 8;
/** Records that may be unacknowledged before those that need not wait have to. */
export const BUFFERED_RECORDS = 1000;
/** How long a record may be unacknowledged before those that need not wait have to. */
export const BUFFERED_MS = 20;
/** Beyond those that are buffered, only such as somebody waits for are taken, and the desk bounds how many wait. */
const MAX_RECORDS = 4000;
const MAX_LENGTH = 32 * 1024 * 1024;
const PATIENCE_MS = 2000;
const RETRY_MS = 250;

/** Stores a JSON array of records, the first of them numbered `firstN`; says whether all of it is ASCII. */
export type Append = (firstN: number, body: string, ascii: boolean) => Promise<unknown>;
export type Settle = (stored: boolean) => void;
/** The JSON of a record after its number; that which is known to be ASCII is turned into bytes at half the cost. */
export type Tail = string | { readonly ascii: string };

type Batch = {
  readonly firstN: number;
  /** The array but for its closing bracket: one string that grows takes less time than many that are joined. */
  text: string;
  count: number;
  ascii: boolean;
  readonly since: number;
  waiting: { settle: Settle; since: number }[];
};

export class TenantRecords {
  readonly #append: Append;
  readonly #clock: () => number;
  readonly #onTrouble: (error: unknown) => void;
  readonly #head: string;
  readonly #asciiHead: boolean;
  readonly #sending = new Set<Batch>();
  #open: Batch | undefined;
  #queue: Batch[] = [];
  #n = 0;
  #unacknowledged = 0;
  #length = 0;
  #refused = false;
  #stopped = false;
  #flushing = false;
  #timer: NodeJS.Timeout | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];

  /** `head` is the JSON of a record up to its number, without the `kind`. */
  constructor(options: {
    readonly append: Append;
    readonly governor: string;
    readonly boot: string;
    /** Milliseconds of a clock that never jumps: it only measures how long records wait. */
    readonly clock: () => number;
    readonly onTrouble: (error: unknown) => void;
  }) {
    this.#append = options.append;
    this.#clock = options.clock;
    this.#onTrouble = options.onTrouble;
    this.#head = `"governor":${JSON.stringify(options.governor)},"boot":${JSON.stringify(options.boot)},"n":`;
    this.#asciiHead = isAscii(this.#head);
  }

  /** The number of the last record that was added. */
  get lastN(): number {
    return this.#n;
  }

  /** True when no record can be taken now. */
  get refuses(): boolean {
    return (
      this.#refused ||
      this.#stopped ||
      this.#unacknowledged >= MAX_RECORDS ||
      this.#length >= MAX_LENGTH
    );
  }

  /** True when so much is unacknowledged that every record must be waited for. */
  get strained(): boolean {
    if (this.#unacknowledged >= BUFFERED_RECORDS) return true;
    const oldest = this.#oldest();
    return oldest !== undefined && this.#clock() - oldest.since > BUFFERED_MS;
  }

  /** Takes a record: its kind, and its JSON after the number. With `settle` somebody waits for it. */
  add(kind: string, tail: Tail, settle?: Settle): void {
    const n = ++this.#n;
    const [text, ascii] = typeof tail === 'string' ? [tail, false] : [tail.ascii, this.#asciiHead];
    const record = `{"kind":"${kind}",${this.#head}${n}${text}`;
    const now = this.#clock();
    if (this.#open && this.#open.text.length + record.length > MAX_BATCH_LENGTH) this.#close();
    const batch = (this.#open ??= emptyBatch(n, now));
    batch.text += batch.count === 0 ? record : `,${record}`;
    batch.count += 1;
    batch.ascii &&= ascii;
    this.#unacknowledged += 1;
    this.#length += record.length;
    if (settle) batch.waiting.push({ settle, since: now });
    if (batch.count >= MAX_BATCH_RECORDS || batch.text.length >= MAX_BATCH_LENGTH) this.#close();
    else if (settle && this.#sending.size === 0) this.#flushSoon();
    else this.#timer ??= setTimeout(() => this.#close(), BATCH_MS);
    if (settle) this.#watch();
  }

  /** Resolves when everything added so far is stored; rejects when that takes longer than given. */
  async flush(timeoutMs: number): Promise<void> {
    this.#close();
    if (this.#unacknowledged === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle.push(resolve);
    await within(timeoutMs, promise);
    if (this.#unacknowledged > 0)
      throw new Error(`${this.#unacknowledged} decision records are not stored`);
  }

  /** Takes and tries no more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#sweeper);
    this.#sweep(Number.POSITIVE_INFINITY);
  }

  /** Gathers what else the same read of the socket brings. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#close();
    });
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#open) this.#queue.push(this.#open);
    this.#open = undefined;
    while (this.#sending.size < MAX_IN_FLIGHT) {
      const next = this.#queue.shift();
      if (!next) return;
      this.#sending.add(next);
      void this.#send(next);
    }
  }

  async #send(batch: Batch): Promise<void> {
    const body = `${batch.text}]`;
    while (!this.#stopped) {
      try {
        await this.#append(batch.firstN, body, batch.ascii);
      } catch (error) {
        this.#refused = true;
        this.#onTrouble(error);
        this.#settleAll(batch, false);
        await wait(RETRY_MS);
        continue;
      }
      return this.#stored(batch);
    }
  }

  #stored(batch: Batch): void {
    this.#refused = false;
    this.#sending.delete(batch);
    this.#unacknowledged -= batch.count;
    this.#length -= batch.text.length - batch.count;
    this.#settleAll(batch, true);
    const waitedFor = (this.#open?.waiting.length ?? 0) > 0 && this.#sending.size === 0;
    if (this.#queue.length > 0 || waitedFor) this.#close();
    if (this.#unacknowledged > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  #settleAll(batch: Batch, stored: boolean): void {
    const { waiting } = batch;
    batch.waiting = [];
    for (const { settle } of waiting) this.#tell(settle, stored);
  }

  /** One who fails on hearing it keeps nobody else from hearing. */
  #tell(settle: Settle, stored: boolean): void {
    try {
      settle(stored);
    } catch (error) {
      this.#onTrouble(error);
    }
  }

  #oldest(): Batch | undefined {
    for (const batch of this.#sending) return batch;
    return this.#queue[0] ?? this.#open;
  }

  /** Invariant 3, without a timer for each of them. */
  #watch(): void {
    this.#sweeper ??= setInterval(() => this.#sweep(this.#clock() - PATIENCE_MS), RETRY_MS);
  }

  #sweep(beforeMs: number): void {
    let left = 0;
    for (const batch of [...this.#sending, ...this.#queue, ...(this.#open ? [this.#open] : [])]) {
      const late = batch.waiting.filter(({ since }) => since < beforeMs);
      if (late.length > 0) batch.waiting = batch.waiting.filter(({ since }) => since >= beforeMs);
      for (const { settle } of late) this.#tell(settle, false);
      left += batch.waiting.length;
    }
    if (left > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }
}

function emptyBatch(firstN: number, since: number): Batch {
  return { firstN, text: '[', count: 0, ascii: true, since, waiting: [] };
}
