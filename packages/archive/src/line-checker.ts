/**
 * Checks the lines of an archive one after the other, and says of the first wrong one what happened to it.
 *
 * 1. A message is given out only after its line was found to be as written.
 * 2. An archive is whole only with its last line, whose count and checksum fit everything before.
 */
import type { z } from 'zod';
import {
  type ArchivedMessage,
  archivedMessage,
  type ArchiveEnd,
  archiveEnd,
  type ArchiveHeader,
  archiveHeader,
  fromLine,
} from './format.ts';
import { LineChain, parseText, splitLine } from './line-chain.ts';

export type CheckedLine =
  | { readonly kind: 'header'; readonly header: ArchiveHeader }
  | { readonly kind: 'message'; readonly message: ArchivedMessage }
  | { readonly kind: 'end'; readonly end: ArchiveEnd }
  /** The first line that is wrong; nothing after it is looked at. */
  | { readonly kind: 'damage'; readonly line: number; readonly problem: string };

export class LineChecker {
  readonly #chain = new LineChain();
  #line = 0;
  #n = 0;
  #lastSeq = 0;
  #firstSeq: number | null = null;
  #ended = false;

  /** How many lines were found right. */
  get line(): number {
    return this.#line;
  }

  /** Checks the next line; the one after it, where there is one, only helps to say what is wrong. */
  take(line: string, following: string | undefined): CheckedLine {
    if (this.#ended) return this.#damage('something follows the last line');
    const before = this.#chain.value;
    const split = splitLine(line);
    if (split === undefined || !this.#chain.admit(split))
      return this.#damage(this.#explain(line, following));
    const value = parseText(split.text);
    const checked = this.#read(value, before);
    if (checked.kind !== 'damage') this.#line++;
    return checked;
  }

  /** What is wrong when there are no more lines; `undefined` when nothing is. */
  close(): CheckedLine | undefined {
    if (this.#ended) return undefined;
    return this.#damage(
      this.#line === 0
        ? 'the archive is empty'
        : `the archive ends here, after ${this.#n} messages and without its last line: it was cut off`,
    );
  }

  #read(value: unknown, before: string): CheckedLine {
    if (this.#line === 0) {
      const header = archiveHeader.safeParse(value);
      return header.success
        ? { kind: 'header', header: header.data }
        : this.#damage(`it is not the first line of an archive of version 1: ${reason(header)}`);
    }
    if (isObject(value) && value['end'] === true) return this.#readEnd(value, before);
    const parsed = archivedMessage.safeParse(value);
    if (!parsed.success) return this.#damage(`it does not hold a message: ${reason(parsed)}`);
    const message = fromLine(parsed.data);
    if (parsed.data.n !== this.#n + 1 || message.seq <= this.#lastSeq)
      return this.#damage(
        `message ${parsed.data.n} at ${message.seq} follows message ${this.#n} at ${this.#lastSeq}`,
      );
    this.#n++;
    this.#lastSeq = message.seq;
    this.#firstSeq ??= message.seq;
    return { kind: 'message', message };
  }

  #readEnd(value: unknown, before: string): CheckedLine {
    const parsed = archiveEnd.safeParse(value);
    if (!parsed.success) return this.#damage(`it is not a last line: ${reason(parsed)}`);
    const { count, firstSeq, lastSeq, sha256 } = parsed.data;
    const held = [this.#n, this.#firstSeq, this.#n === 0 ? null : this.#lastSeq, before];
    const said = [count, firstSeq, lastSeq, sha256];
    const wrong = said.findIndex((part, i) => part !== held[i]);
    if (wrong >= 0)
      return this.#damage(
        `it says ${String(said[wrong])}, the lines before it say ${String(held[wrong])}`,
      );
    this.#ended = true;
    return { kind: 'end', end: parsed.data };
  }

  /** What most likely happened to a line whose checksum does not fit. */
  #explain(line: string, following: string | undefined): string {
    if (this.#line === 0) return 'the first line is not as it was written';
    const expected = this.#n + 1;
    const held = loose(line);
    if (held?.['end'] === true)
      return `the last line comes after ${this.#n} of ${String(held['count'])} messages: ${range(expected, Number(held['count']))} missing`;
    const n = Number(held?.['n']);
    if (!Number.isInteger(n) || n === expected)
      return `its checksum differs: message ${expected} is not as it was written`;
    if (n < expected) return `it holds message ${n} again, where ${expected} was written`;
    if (following !== undefined && Number(loose(following)?.['n']) === expected)
      return `messages ${expected} and ${n} are not in their order: this line was after the next`;
    return `it holds message ${n}, where ${expected} was written: ${range(expected, n - 1)} missing`;
  }

  #damage(problem: string): CheckedLine {
    return { kind: 'damage', line: this.#line + 1, problem };
  }
}

function range(first: number, last: number): string {
  return first >= last ? `message ${first} is` : `messages ${first} to ${last} are`;
}

function loose(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function reason(result: { readonly error: z.ZodError }): string {
  const [issue] = result.error.issues;
  return issue === undefined
    ? 'it is not valid'
    : `\`${issue.path.join('.')}\` ${issue.message.toLowerCase()}`;
}
