/** Messages of INBOX as commands, and as dead letters of them. */
import type { Msg } from '@nats-io/nats-core';
import { type CommandAddress, parseCommandSubject, type WritError } from '@writ/contracts';
import { type DeadLetter, deadLetterOf, letterIdOf } from './dead-letter.ts';
import type { Delivery } from './delivery.ts';
import { headerBlockOf, headerIn } from './header-block.ts';

export type InboxCommand = CommandAddress & {
  readonly subject: string;
  /** Names the command among all that ever were in INBOX, as its dead letter would be named. */
  readonly id: string;
  /** The sequence in INBOX. */
  readonly seq: number;
  readonly deliveries: number;
  /** When the broker took it. */
  readonly receivedMs: number;
  readonly data: Uint8Array;
  /** The first value of a header. */
  header(name: string): string | undefined;
};

/** A message that is in hand; a later delivery of the same one takes its place. */
export type Held = { message: Msg; delivery: Delivery };

/** An acknowledgement that somebody had sent here by naming this subject as their reply; it has a fixed body and no headers. */
export function isBareAcknowledgement(message: Msg): boolean {
  if (headerBlockOf(message) !== '' || message.data.length > 256) return false;
  return /^\{"stream":"[^"]*", ?"seq":\d+[^{]*\}$/.test(message.string());
}

/** The command in a message; `undefined` when its subject names none. */
export function toCommand({ message, delivery }: Held): InboxCommand | undefined {
  const address = parseCommandSubject(message.subject);
  if (address?.kind !== 'inbox') return undefined;
  const { tenant, key, verb } = address;
  return {
    tenant,
    key,
    verb,
    subject: message.subject,
    id: letterIdOf({ stream: 'INBOX', seq: delivery.streamSeq, timeMs: delivery.timeMs }),
    seq: delivery.streamSeq,
    deliveries: delivery.deliveries,
    receivedMs: delivery.timeMs,
    data: message.data,
    header: (name) => headerIn(headerBlockOf(message), name),
  };
}

/** The dead letter of a message: the reason and all of the original. */
export function toLetter({ message, delivery }: Held, error: WritError): DeadLetter {
  const { streamSeq, timeMs, deliveries } = delivery;
  const original = {
    stream: 'INBOX',
    seq: streamSeq,
    timeMs,
    subject: message.subject,
    headers: headerBlockOf(message),
    data: message.data,
  };
  return deadLetterOf(original, { error, attempts: deliveries, lastMs: Date.now() });
}
