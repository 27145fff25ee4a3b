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

export type Dependence = {
  readonly tenant: Mark;
  /** The agent that asked, and those whose grants were handed on to it. */
  readonly agents: readonly Mark[];
  readonly fromMs: number;
  readonly untilMs: number;
};

/** Counts only grow, so their sum is the same only while each of them is. */
type Entry = Answer & Dependence & { readonly tenantCount: number; readonly agentCount: number };

/** Entries of one generation; two are kept, and what is not asked for during one is forgotten. */
const MAX_ENTRIES = 4096;
const MAX_LENGTH = 16 * 1024 * 1024;
/** Longer questions are rarely asked twice. */
const MAX_QUESTION_LENGTH = 4096;

export class Memo {
  readonly #asked = new AskedBefore();
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  #length = 0;

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The answer of a question, if it is still true at a moment. */
  find(key: string, nowMs: number): Answer | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return holds(young, nowMs) ? young : undefined;
    const old = this.#old.get(key);
    if (old === undefined || !holds(old, nowMs)) return undefined;
    this.#add(key, old);
    return old;
  }

  /** Keeps an answer when its question was asked before: most of those that are asked once never come again. */
  keep(key: string, answer: Answer, dependence: Dependence): void {
    if (key.length > MAX_QUESTION_LENGTH || !this.#asked.note(key)) return;
    const { tenant, agents } = dependence;
    this.#add(key, {
      ...answer,
      ...dependence,
      tenantCount: tenant.count,
      agentCount: countOf(agents),
    });
  }

  /** Whole generations are dropped: taking entries out one by one makes a map slow. */
  #add(key: string, entry: Entry): void {
    if (this.#young.size >= MAX_ENTRIES || this.#length >= MAX_LENGTH) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#length = 0;
    }
    this.#young.set(key, entry);
    this.#length += lengthOf(key, entry);
  }
}

/** Which questions came lately, by a hash: a question that shares it with another is kept a little too early. */
class AskedBefore {
  readonly #hashes = new Int32Array(65_536);

  /** Says whether a question was noted before, and notes it. */
  note(key: string): boolean {
    let hash = 0x811c9dc5 | 0;
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    const place = (hash ^ (hash >>> 16)) & 0xffff;
    const before = this.#hashes[place] === hash;
    this.#hashes[place] = hash;
    return before;
  }
}

function holds(entry: Entry, nowMs: number): boolean {
  const unchanged =
    entry.tenant.count === entry.tenantCount && countOf(entry.agents) === entry.agentCount;
  return unchanged && nowMs >= entry.fromMs && nowMs < entry.untilMs;
}

function countOf(marks: readonly Mark[]): number {
  let count = 0;
  for (const mark of marks) count += mark.count;
  return count;
}

function lengthOf(key: string, { rendered: { reply, record } }: Answer): number {
  return (
    key.length +
    reply[0].length +
    reply[1].length +
    reply[2].length +
    reply[3].length +
    record[0].length +
    record[1].length
  );
}
