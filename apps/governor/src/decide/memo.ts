/**
 * Answers that are still true, by the exact bytes of the question and the subject it came on.
 *
 * An entry holds while nothing it was made from has changed (marks), and from the moment it was made
 * for until time itself would change it. What is counted per use is never kept.
 */
import type { Mark } from '../state/changes.ts';
import type { TenantRecords } from '../records/tenant-records.ts';
import type { Rendered } from './rendered.ts';

/** An answer with everything that giving it again needs. */
export type Answer = {
  readonly rendered: Rendered;
  readonly records: TenantRecords;
  readonly mustRecord: boolean;
};

export type Dependence = { readonly tenant: Mark; readonly agent: Mark; readonly fromMs: number; readonly untilMs: number };

type Entry = Answer & Dependence & { readonly tenantCount: number; readonly agentCount: number };

const MAX_ENTRIES = 8192;
/** Longer questions are rarely asked twice. */
const MAX_QUESTION_LENGTH = 4096;
const MAX_LENGTH = 32 * 1024 * 1024;

export class Memo {
  readonly #entries = new Map<string, Entry>();
  #length = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** The answer of a question, if it is still true at a moment. */
  find(key: string, nowMs: number): Answer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const holds =
      entry.tenant.count === entry.tenantCount && entry.agent.count === entry.agentCount && nowMs >= entry.fromMs && nowMs < entry.untilMs;
    if (holds) return entry;
    this.#remove(key, entry);
    return undefined;
  }

  keep(key: string, answer: Answer, dependence: Dependence): void {
    if (key.length > MAX_QUESTION_LENGTH) return;
    const { tenant, agent } = dependence;
    const entry: Entry = { ...answer, ...dependence, tenantCount: tenant.count, agentCount: agent.count };
    const length = lengthOf(key, entry);
    while (this.#entries.size >= MAX_ENTRIES || this.#length + length > MAX_LENGTH) {
      const [oldest] = this.#entries;
      if (!oldest) return;
      this.#remove(...oldest);
    }
    this.#entries.set(key, entry);
    this.#length += length;
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#length -= lengthOf(key, entry);
  }
}

function lengthOf(key: string, { rendered: { reply, record } }: Answer): number {
  return key.length + reply[0].length + reply[1].length + reply[2].length + reply[3].length + record[0].length + record[1].length;
}
