/** The broker's advisories of deliveries that came to no end, as they stand in OPS. */
import { WritError } from '@writ/contracts';
import { BURIED, INBOX, NOT_A_COMMAND } from './inbox.ts';

export type Advisory = {
  readonly kind: 'exhausted' | 'terminated';
  /** The message's sequence in INBOX. */
  readonly seq: number;
  readonly deliveries: number;
  readonly reason: string;
  readonly timeMs: number;
};

const kinds: Readonly<Record<string, Advisory['kind']>> = {
  'io.nats.jetstream.advisory.v1.max_deliver': 'exhausted',
  'io.nats.jetstream.advisory.v1.terminated': 'terminated',
};

/** Reads an advisory of INBOX; `undefined` for anything else, such as an acknowledgement that was steered to its subject. */
export function readAdvisory(body: string): Advisory | undefined {
  const parsed = parse(body);
  const kind = kinds[String(parsed['type'])];
  if (
    kind === undefined ||
    parsed['stream'] !== INBOX.stream ||
    parsed['consumer'] !== INBOX.consumer
  )
    return undefined;
  const { stream_seq: seq, deliveries, reason, timestamp } = parsed;
  const timeMs = Date.parse(String(timestamp));
  if (!isCount(seq) || !isCount(deliveries) || Number.isNaN(timeMs)) return undefined;
  return { kind, seq, deliveries, reason: typeof reason === 'string' ? reason : '', timeMs };
}

/** True when whoever ended the delivery has seen to the message: its dead letter is stored, or it was none. */
export function isSeenTo({ kind, reason }: Advisory): boolean {
  return kind === 'terminated' && (reason.startsWith(BURIED) || reason === NOT_A_COMMAND);
}

/** Why the message is a dead letter. */
export function failureOf({ kind, deliveries, reason }: Advisory): WritError {
  return kind === 'exhausted'
    ? new WritError(
        'INTERNAL',
        `the command was delivered ${deliveries} times and never came to an end`,
      )
    : new WritError(
        'INTERNAL',
        `the delivery of the command was ended from outside: ${reason || 'no reason was given'}`,
      );
}

function parse(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
