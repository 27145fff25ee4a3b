/**
 * One try to store messages: a single publish or one atomic batch. The client's batch publisher loses expectations and
 * error codes, so this one writes the raw headers and reads the commit's answer itself.
 */
import { randomUUID } from 'node:crypto';
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import { encodedHeaders } from './header-block.ts';
import { isFault, isFull, JetStreamFault, jetStreamCodes, parseReply } from './jetstream-api.ts';
import { NoResponderError, request } from './request-mux.ts';

export type Outgoing = {
  /** The ingest subject. */
  readonly subject: string;
  /** Lines made by `headerText`, the expectation among them. */
  readonly headers: string;
  readonly body: Uint8Array;
};

export type PublishResult =
  /** Stored; `seq` is that of the last message. */
  | { readonly kind: 'stored'; readonly seq: number }
  /** Refused because the subject moved on, or because the same message id was stored before. */
  | { readonly kind: 'conflict'; readonly error: unknown }
  /** Surely not stored: no stream takes the subject now, because the log is rolled over or has no leader. */
  | { readonly kind: 'elsewhere'; readonly error: unknown }
  /** Surely not stored, and no later try can be. */
  | { readonly kind: 'refused'; readonly error: unknown }
  /** Perhaps stored, perhaps on its way, perhaps never seen. */
  | { readonly kind: 'unclear'; readonly error: unknown };

/** The broker stored a message with this id before. */
export class DuplicateError extends Error {
  override readonly name = 'DuplicateError';
  readonly seq: number;

  constructor(seq: number) {
    super(`the message id was stored before, at ${seq}`);
    this.seq = seq;
  }
}

type PubAck = { readonly seq: number; readonly duplicate?: boolean; readonly count?: number };

export type PublishOptions = { readonly connection: NatsConnection; readonly timeoutMs: number };

/** Tries once to store all of the messages or none of them. */
export async function publishOnce(
  options: PublishOptions,
  messages: readonly Outgoing[],
): Promise<PublishResult> {
  try {
    const [only] = messages;
    const reply =
      messages.length === 1 && only !== undefined
        ? await publish(options, only, '')
        : await publishBatch(options, messages);
    return judge(parseReply<PubAck>(reply), messages.length);
  } catch (error) {
    return { kind: kindOf(error), error };
  }
}

function publish(
  { connection, timeoutMs }: PublishOptions,
  message: Outgoing,
  more: string,
): Promise<Msg> {
  const headers = encodedHeaders(message.headers + more);
  return request(connection, message.subject, message.body, { headers, timeoutMs });
}

async function publishBatch(options: PublishOptions, messages: readonly Outgoing[]): Promise<Msg> {
  const id = randomUUID();
  const lines = (n: number) => `Nats-Batch-Id: ${id}\r\nNats-Batch-Sequence: ${n}\r\n`;
  const last = messages.length;
  for (const [index, message] of messages.entries()) {
    const n = index + 1;
    if (n === last) return publish(options, message, `${lines(n)}Nats-Batch-Commit: 1\r\n`);
    if (n > 1)
      options.connection.publish(message.subject, message.body, {
        headers: encodedHeaders(message.headers + lines(n)),
      });
    else {
      // The server opens the batch with an empty answer, or says why not.
      const opened = await publish(options, message, lines(n));
      if (opened.data.length > 0) parseReply(opened);
    }
  }
  throw new Error('a batch needs messages');
}

function judge(ack: PubAck, sent: number): PublishResult {
  if (ack.duplicate === true) return { kind: 'conflict', error: new DuplicateError(ack.seq) };
  if (sent > 1 && ack.count !== sent)
    return {
      kind: 'unclear',
      error: new Error(`the batch of ${sent} was acknowledged with ${ack.count ?? 'no'} messages`),
    };
  return { kind: 'stored', seq: ack.seq };
}

const conflicts: readonly number[] = [
  jetStreamCodes.wrongLastSequence,
  jetStreamCodes.wrongLastSequenceInFlight,
  jetStreamCodes.batchDuplicate,
];

function kindOf(error: unknown): 'conflict' | 'elsewhere' | 'refused' | 'unclear' {
  if (error instanceof NoResponderError) return 'elsewhere';
  if (!(error instanceof JetStreamFault)) return isTooLarge(error) ? 'refused' : 'unclear';
  if (conflicts.includes(error.errCode)) return 'conflict';
  return isFull(error) || isFault(error, jetStreamCodes.messageTooLarge) ? 'refused' : 'unclear';
}

/** The client refuses what the server would not take, before it is sent. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && error.message.includes('max_payload');
}
