/**
 * The checksum of an archive: a chain of SHA-256 over its lines, of which every line shows a part.
 *
 * A line is a JSON object whose last member is `chain`. With `text` the line up to there (without the comma),
 * `c(0) = ''` and `c(i) = hex(SHA-256(c(i-1) + text(i)))`, `chain` is the first 32 digits of `c(i)`. So the first line
 * that is not as it was written is known, and what comes before it is right.
 */
import { hash } from 'node:crypto';

const SHOWN = 32;
const MEMBER = ',"chain":"';
const TAIL = MEMBER.length + SHOWN + 2;

/** A line as read: its text without the chain, and the part of the checksum that it shows. */
export type SplitLine = { readonly text: string; readonly shown: string };

export class LineChain {
  #value = '';

  /** The whole checksum of all lines so far. */
  get value(): string {
    return this.#value;
  }

  /** Adds a line and returns it with its checksum, without the line end. */
  seal(record: object): string {
    const text = JSON.stringify(record).slice(0, -1);
    this.#value = hash('sha256', this.#value + text);
    return `${text}${MEMBER}${this.#value.slice(0, SHOWN)}"}`;
  }

  /** Adds a line that was read; false, and nothing added, when it is not the one that was written here. */
  admit({ text, shown }: SplitLine): boolean {
    const value = hash('sha256', this.#value + text);
    if (value.slice(0, SHOWN) !== shown) return false;
    this.#value = value;
    return true;
  }
}

/** Takes a line apart; `undefined` when it does not end in a checksum. */
export function splitLine(line: string): SplitLine | undefined {
  const at = line.length - TAIL;
  if (at < 1 || !line.startsWith(MEMBER, at) || !line.endsWith('"}')) return undefined;
  return { text: line.slice(0, at), shown: line.slice(at + MEMBER.length, -2) };
}

/** The object that a line's text stands for; throws when it is not JSON. */
export function parseText(text: string): unknown {
  return JSON.parse(`${text}}`);
}
