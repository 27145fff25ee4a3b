/** Every text of a result with the place it stands at, laid end to end so that a scanner runs once. */
import type { Finding } from '@writ/contracts';

export type Text = {
  /** A JSON Pointer (RFC 6901). */
  readonly path: string;
  readonly value: string;
  /** The name of a member, which can not be taken out of a result. */
  readonly isName: boolean;
};

/** A piece of text that a check does not want. */
export type Hit = {
  readonly text: Text;
  readonly kind: string;
  readonly start: number;
  readonly end: number;
};

export type Located = Pick<Finding, 'path' | 'kind'>;

/** Between two texts: no pattern of a secret or of a number goes across it. */
const GAP = '\n\n';

export class Texts {
  readonly all: readonly Text[];
  readonly joined: string;
  readonly #starts: number[] = [];

  constructor(result: unknown) {
    this.all = textsOf(result);
    let length = 0;
    for (const { value } of this.all) {
      this.#starts.push(length);
      length += value.length + GAP.length;
    }
    this.joined = this.all.map(({ value }) => value).join(GAP);
  }

  /** The hits of a range of the joined text: one for each text that it touches. */
  hitsOf(kind: string, [from, to]: readonly [number, number]): Hit[] {
    const hits: Hit[] = [];
    for (let i = this.#indexAt(from); i < this.all.length; i++) {
      const text = this.all[i];
      const base = this.#starts[i] ?? 0;
      if (text === undefined || base >= to) break;
      const start = Math.max(0, from - base);
      const end = Math.min(text.value.length, to - base);
      if (end > start) hits.push({ text, kind, start, end });
    }
    return hits;
  }

  /** The text that holds a place of the joined text, by halving. */
  #indexAt(place: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function textsOf(result: unknown): Text[] {
  const found: Text[] = [];
  const open: { readonly value: unknown; readonly path: string }[] = [{ value: result, path: '' }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, path } = next;
    if (typeof value === 'string') found.push({ path, value, isName: false });
    else if (typeof value === 'number') found.push({ path, value: String(value), isName: false });
    else if (typeof value === 'object' && value !== null)
      for (const [name, below] of Object.entries(value)) {
        const at = memberPath(path, name);
        if (!Array.isArray(value)) found.push({ path: at, value: name, isName: true });
        open.push({ value: below, path: at });
      }
  }
  return found;
}

/** The JSON Pointer of a member. What is taken out is found again by it. */
export function memberPath(path: string, name: string): string {
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
