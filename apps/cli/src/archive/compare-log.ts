/** Comparing what a stream holds with what a file holds, message by message, in order. */
import { messagesOf } from '@writ/archive';
import type { RawMessage } from '@writ/bus';

export type Compared = {
  /** How many messages of the file are there, from its first on, each as it is in the file. */
  readonly same: number;
  /** How many are there that were passed over. */
  readonly passedOver: number;
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  /** The last sequence of each subject in the stream. */
  readonly lastSeqs: Map<string, number>;
  /** The first message of the stream that is not the next one of the file. */
  readonly difference: {
    readonly seq: number;
    readonly subject: string;
    readonly what: string;
  } | null;
};

export type Comparison = {
  readonly stored: AsyncIterable<readonly RawMessage[]>;
  readonly path: string;
  /** Messages of the stream that have nothing to do with the file. */
  readonly passOver?: (message: RawMessage) => boolean;
  /** True when sequences must be equal too. */
  readonly sequences?: boolean;
  /** What the file's messages became when they were stored; themselves when left out. */
  readonly expected?: (message: RawMessage, index: number) => RawMessage;
  readonly onPage?: (message: RawMessage, count: number) => void;
};

/** Ends at the first difference. */
export async function compareWithFile(comparison: Comparison): Promise<Compared> {
  const {
    stored,
    path,
    passOver,
    sequences = false,
    expected = (message) => message,
    onPage,
  } = comparison;
  const file = oneByOne(messagesOf(path));
  const lastSeqs = new Map<string, number>();
  let [same, passedOver]: [number, number] = [0, 0];
  let [firstSeq, lastSeq]: [number | null, number | null] = [null, null];
  const result = (difference: Compared['difference']): Compared => ({
    same,
    passedOver,
    firstSeq,
    lastSeq,
    lastSeqs,
    difference,
  });
  try {
    for await (const page of stored) {
      for (const message of page) {
        if (passOver?.(message) === true) {
          passedOver++;
          continue;
        }
        const next = await file.next();
        const what =
          next.done === true
            ? 'is not in the file'
            : differing(message, expected(next.value, same), sequences);
        if (what !== undefined) return result({ seq: message.seq, subject: message.subject, what });
        same++;
        firstSeq ??= message.seq;
        lastSeq = message.seq;
        lastSeqs.set(message.subject, message.seq);
      }
      const last = page.at(-1);
      if (last !== undefined) onPage?.(last, same);
    }
  } finally {
    await file.return(undefined);
  }
  return result(null);
}

/** What differs; when and under which sequence it was stored is the stream's own. */
function differing(stored: RawMessage, wanted: RawMessage, sequences: boolean): string | undefined {
  if (sequences && stored.seq !== wanted.seq) return `should be at ${wanted.seq}`;
  if (stored.subject !== wanted.subject) return `stands where \`${wanted.subject}\` should`;
  if (stored.messageId !== wanted.messageId) return 'has another message id than in the file';
  if (Buffer.compare(stored.body, wanted.body) !== 0) return 'has another body than in the file';
  const sameHeaders =
    stored.headers.length === wanted.headers.length &&
    stored.headers.every(
      ([name, value], i) => wanted.headers[i]?.[0] === name && wanted.headers[i][1] === value,
    );
  return sameHeaders ? undefined : 'has other headers than in the file';
}

/** Single messages of pages. */
export async function* oneByOne<T>(
  pages: AsyncIterable<readonly T[]>,
): AsyncGenerator<T, undefined> {
  for await (const page of pages) yield* page;
  return undefined;
}
