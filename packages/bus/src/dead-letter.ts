/** A dead letter as it stands in OPS, and how one is made from what was stored. */
import {
  type ErrorCode,
  type ErrorDetail,
  parseCommandSubject,
  type WritError,
} from '@writ/contracts';
import { scanHeaders } from './header-block.ts';

export type DeadLetter = {
  readonly id: string;
  readonly tenant: string;
  /** Where the original was, and its sequence there. */
  readonly stream: string;
  readonly seq: number;
  readonly subject: string;
  readonly keyId: string | null;
  readonly verb: string | null;
  readonly headers: readonly (readonly [string, string])[];
  /** The original body, base64. */
  readonly body: string;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly details: readonly ErrorDetail[];
  readonly attempts: number;
  readonly firstAt: string;
  readonly lastAt: string;
};

/** A message as its stream had it. */
export type Original = {
  readonly stream: string;
  readonly seq: number;
  /** When the broker took it. */
  readonly timeMs: number;
  readonly subject: string;
  /** The header block. */
  readonly headers: string;
  readonly data: Uint8Array;
};

export type Failure = {
  readonly error: WritError;
  readonly attempts: number;
  readonly lastMs: number;
};

/**
 * The id of a message's letter: where it was, and when it came there. A sequence alone could be foreseen, and begins
 * anew with another stream.
 */
export function letterIdOf({
  stream,
  seq,
  timeMs,
}: Pick<Original, 'stream' | 'seq' | 'timeMs'>): string {
  return `${stream.toLowerCase()}-${seq}-${timeMs}`;
}

/** The letter of a message: its id says which one it was, so that whoever makes it makes the same. */
export function deadLetterOf(original: Original, { error, attempts, lastMs }: Failure): DeadLetter {
  const { stream, seq, timeMs, subject } = original;
  const address = parseCommandSubject(subject);
  return {
    id: letterIdOf(original),
    tenant: address?.tenant ?? subject.split('.')[1] ?? '',
    stream,
    seq,
    subject,
    keyId: address?.key ?? null,
    verb: address?.verb ?? null,
    headers: [...scanHeaders(original.headers)],
    body: Buffer.from(original.data).toString('base64'),
    code: error.code,
    reason: error.message,
    details: error.details,
    attempts,
    firstAt: new Date(timeMs).toISOString(),
    lastAt: new Date(lastMs).toISOString(),
  };
}
