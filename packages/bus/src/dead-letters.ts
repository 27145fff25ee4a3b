/** Dead letters: commands of INBOX that came to nothing, kept in OPS with the reason, the original, and what came of retries. */
import type { NatsConnection } from '@nats-io/nats-core';
import { type DeadLetterOutcome, subjects } from '@writ/contracts';
import type { DeadLetter } from './dead-letter.ts';
import type { StoredMessage } from './event-codec.ts';
import { toLogError } from './jetstream-api.ts';
import { writeRecord } from './record-writer.ts';
import { directGet, leaderGet, streamStatus } from './stored-messages.ts';

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
  /** Stores what came of a retry or a drop; once for its id while the broker remembers ids. */
  writeOutcome(tenant: string, outcome: DeadLetterOutcome): Promise<void>;
  /** Everything that came of a letter, oldest first. */
  outcomesOf(tenant: string, id: string): Promise<DeadLetterOutcome[]>;
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
    async writeOutcome(tenant, outcome) {
      const subject = subjects.deadLetterOutcome(tenant, outcome.letterId);
      const settings = { connection, ingest, stream: STREAM, timeoutMs: 5000 };
      await writeRecord(settings, {
        subject,
        messageId: `${subject}.${outcome.outcomeId}`,
        body: JSON.stringify(outcome),
      });
    },
    async outcomesOf(tenant, id) {
      try {
        return await outcomesUnder(connection, subjects.deadLetterOutcome(tenant, id));
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

/** A replica may lag: what the leader has last must be among what it gave. */
async function outcomesUnder(
  connection: NatsConnection,
  subject: string,
): Promise<DeadLetterOutcome[]> {
  const newest = await leaderGet({ connection, stream: STREAM }, { last_by_subj: subject });
  if (newest === undefined) return [];
  const outcomes: DeadLetterOutcome[] = [];
  for (let seq = 1; seq < newest.seq; ) {
    const { messages } = await directGet(connection, STREAM, {
      seq,
      next_by_subj: subject,
      batch: PAGE,
    });
    const last = messages.at(-1);
    if (last === undefined) break;
    outcomes.push(...messages.filter((message) => message.seq < newest.seq).map(readOutcome));
    seq = last.seq + 1;
  }
  return [...outcomes, readOutcome(newest)];
}

function readOutcome(message: StoredMessage): DeadLetterOutcome {
  return JSON.parse(Buffer.from(message.data).toString('utf8')) as DeadLetterOutcome;
}

function read(message: StoredMessage): DeadLetterEntry {
  return {
    letter: JSON.parse(Buffer.from(message.data).toString('utf8')) as DeadLetter,
    seq: message.seq,
  };
}
