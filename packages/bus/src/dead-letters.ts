/** Dead letters: commands of INBOX that came to nothing, kept in OPS with the reason and the original. */
import type { NatsConnection } from '@nats-io/nats-core';
import { type ErrorCode, type ErrorDetail, subjects } from '@writ/contracts';
import type { StoredMessage } from './event-codec.ts';
import { toLogError } from './jetstream-api.ts';
import { writeRecord } from './record-writer.ts';
import { directGet, leaderGet, streamStatus } from './stored-messages.ts';

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

export type DeadLetterEntry = {
  readonly letter: DeadLetter /** Its sequence in OPS. */;
  readonly seq: number;
};

export interface DeadLetters {
  /** Stores a letter once for its id. */
  write(letter: DeadLetter): Promise<void>;
  /** Newest first; `before` is the sequence of the last entry of the page before. */
  list(query: {
    readonly tenant: string;
    readonly limit: number;
    readonly before?: number;
  }): Promise<DeadLetterEntry[]>;
  get(tenant: string, id: string): Promise<DeadLetter | undefined>;
}

const STREAM = 'OPS';
const PAGE = 256;

/** Opens the dead letters on a role's connection. */
export function openDeadLetters(options: {
  readonly connection: NatsConnection;
  readonly ingest: string;
}): DeadLetters {
  const { connection, ingest } = options;
  return {
    async write(letter) {
      const subject = subjects.deadLetter(letter.tenant, letter.id);
      const settings = { connection, ingest, stream: STREAM, timeoutMs: 5000 };
      await writeRecord(settings, {
        subject,
        messageId: subject,
        body: JSON.stringify(letter),
        once: true,
      });
    },
    async list({ tenant, limit, before }) {
      try {
        return await newestFirst(connection, {
          tenant,
          limit,
          end: before ?? (await streamStatus(connection, STREAM)).lastSeq + 1,
        });
      } catch (error) {
        throw toLogError(error, STREAM);
      }
    },
    async get(tenant, id) {
      try {
        const found = await leaderGet(
          { connection, stream: STREAM },
          { last_by_subj: subjects.deadLetter(tenant, id) },
        );
        return found && read(found).letter;
      } catch (error) {
        throw toLogError(error, STREAM);
      }
    },
  };
}

/** Streams are read forwards: stretches of growing length before `end` are read until there is enough. */
async function newestFirst(
  connection: NatsConnection,
  { tenant, limit, end }: { readonly tenant: string; readonly limit: number; readonly end: number },
): Promise<DeadLetterEntry[]> {
  const found: DeadLetterEntry[] = [];
  let upper = end;
  for (let stretch = PAGE; upper > 1 && found.length < limit; stretch *= 2) {
    const lower = Math.max(1, upper - stretch);
    const letters = await between(connection, { tenant, lower, upper });
    found.push(...letters.reverse());
    upper = lower;
  }
  return found.slice(0, limit);
}

async function between(
  connection: NatsConnection,
  {
    tenant,
    lower,
    upper,
  }: { readonly tenant: string; readonly lower: number; readonly upper: number },
): Promise<DeadLetterEntry[]> {
  const letters: DeadLetterEntry[] = [];
  for (let seq = lower; seq < upper; ) {
    const query = { seq, next_by_subj: `writ.${tenant}.ops.dead-letter.*`, batch: PAGE };
    const { messages, pending } = await directGet(connection, STREAM, query);
    letters.push(...messages.filter((message) => message.seq < upper).map(read));
    const last = messages.at(-1);
    if (last === undefined || pending === 0) break;
    seq = last.seq + 1;
  }
  return letters;
}

function read(message: StoredMessage): DeadLetterEntry {
  return {
    letter: JSON.parse(Buffer.from(message.data).toString('utf8')) as DeadLetter,
    seq: message.seq,
  };
}
