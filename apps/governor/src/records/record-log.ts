/** The decision log as one boot of this governor writes it: the records of each tenant, and what a boot before may have lost. */
import { randomUUID } from 'node:crypto';
import type { DecisionLog } from '@writ/bus';
import { type DecisionBatch, type DecisionGap, decisionBatch } from '@writ/contracts';
import { BUFFERED_RECORDS, TenantRecords } from './tenant-records.ts';

const FLUSH_MS = 5000;

export type RecordLogOptions = {
  readonly log: Pick<DecisionLog, 'append' | 'lastOf'>;
  readonly governor: string;
  readonly clock: () => number;
  /** Milliseconds of a clock that never jumps; that of the process when left out. */
  readonly ticks?: () => number;
  readonly onTrouble: (error: unknown) => void;
};

export class RecordLog {
  readonly governor: string;
  readonly boot: string = randomUUID();
  readonly #options: RecordLogOptions;
  readonly #tenants = new Map<string, TenantRecords>();

  constructor(options: RecordLogOptions) {
    this.governor = options.governor;
    this.#options = options;
  }

  of(tenant: string): TenantRecords {
    const known = this.#tenants.get(tenant);
    if (known) return known;
    const { governor, boot } = this;
    const { log, ticks = () => performance.now(), onTrouble } = this.#options;
    const records = new TenantRecords({
      append: (firstN, text, ascii) => {
        const body = Buffer.from(text, ascii ? 'latin1' : 'utf8');
        return log.append({ tenant, governor, boot, firstN, body });
      },
      governor,
      boot,
      clock: ticks,
      onTrouble,
    });
    this.#tenants.set(tenant, records);
    return records;
  }

  /** Writes down what the boot before may have lost of a tenant's records, unless it stopped in order. */
  async settlePreviousBoot(tenant: string): Promise<void> {
    const message = await this.#options.log.lastOf(tenant, this.governor);
    const last = message && lastRecord(message.data);
    if (!last || last.kind === 'end') return;
    const gap = {
      previousBoot: last.boot,
      lastRecorded: last.n,
      mayBeMissing: BUFFERED_RECORDS,
      nowMs: this.#options.clock(),
    } satisfies Partial<DecisionGap>;
    this.of(tenant).add('gap', `,${JSON.stringify(gap).slice(1)}`);
  }

  /** Stores what is held and says that nothing is missing; rejects when that is not certain. */
  async end(): Promise<void> {
    const endings = [...this.#tenants.values()].map(async (records) => {
      if (records.lastN === 0) return;
      try {
        await records.flush(FLUSH_MS);
        records.add('end', `,"nowMs":${this.#options.clock()}}`);
        await records.flush(FLUSH_MS);
      } finally {
        records.stop();
      }
    });
    await Promise.all(endings);
  }
}

function lastRecord(data: Uint8Array): DecisionBatch[number] | undefined {
  const batch = decisionBatch.safeParse(JSON.parse(Buffer.from(data).toString('utf8')));
  return batch.success ? batch.data.at(-1) : undefined;
}
