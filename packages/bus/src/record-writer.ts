/** Writing to a role's own streams (records of decisions, dead letters): tried again under one message id until it is certain. */
import { setTimeout as wait } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/nats-core';
import { ingestSubject } from '@writ/contracts';
import { watchOf } from './connection-watch.ts';
import { headerText } from './header-block.ts';
import { isFault, jetStreamCodes, toLogError } from './jetstream-api.ts';
import { DuplicateError, publishOnce } from './publish.ts';

export type RecordWrite = {
  /** The public subject. */
  readonly subject: string;
  /** Names this message among all of its stream. */
  readonly messageId: string;
  readonly body: Uint8Array | string;
  /** Refuse it when the subject has a message already: for what is written once and for ever. */
  readonly once?: boolean;
};

export type RecordSettings = {
  readonly connection: NatsConnection;
  readonly ingest: string;
  readonly stream: string;
  readonly timeoutMs: number;
};

/** Stores one message; resolves when it is in the stream, also when an earlier try of it was. Throws `LOG_UNAVAILABLE` or `LOG_FULL`. */
export async function writeRecord(
  settings: RecordSettings,
  write: RecordWrite,
): Promise<number | undefined> {
  const { connection, ingest, stream, timeoutMs } = settings;
  const deadline = Date.now() + timeoutMs;
  const lines: [string, string][] = [['Nats-Msg-Id', write.messageId]];
  if (write.once === true) lines.push(['Nats-Expected-Last-Subject-Sequence', '0']);
  const body = typeof write.body === 'string' ? Buffer.from(write.body, 'utf8') : write.body;
  const message = {
    subject: ingestSubject(ingest, write.subject),
    headers: headerText(lines),
    body,
  };
  for (let tries = 1; ; tries++) {
    const left = Math.max(50, Math.min(2000, deadline - Date.now()));
    await watchOf(connection).untilConnected(left);
    const result = await publishOnce({ connection, timeoutMs: left }, [message]);
    if (result.kind === 'stored') return result.seq;
    if (
      result.kind === 'conflict' &&
      !isFault(result.error, jetStreamCodes.wrongLastSequenceInFlight)
    )
      return result.error instanceof DuplicateError ? result.error.seq : undefined;
    if (result.kind === 'refused' || Date.now() >= deadline) throw toLogError(result.error, stream);
    await wait(Math.min(500, 10 * 2 ** tries) * (0.5 + Math.random()));
  }
}
