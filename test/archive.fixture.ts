/** What tests of exports and backups compare: the messages of a stream, the rows of the read models. */
import {
  connectAs,
  openEventStore,
  type NatsConnection,
  openStreamReader,
  type RawMessage,
  readRawMessages,
  readSecrets,
  type Secrets,
} from '@writ/bus';
import { compareReadModels } from '@writ/projector';
import { listPositions, openStore, type Store } from '@writ/readmodels';
import { eventually, type WritConnection } from '@writ/testkit';

/** A platform seen from inside: its streams and its tables. */
export type Inside = {
  readonly secrets: Secrets;
  readonly operator: NatsConnection;
  readonly store: Store;
  close(): Promise<void>;
};

export async function openInside(dataDir: string, connection: WritConnection): Promise<Inside> {
  const secrets = await readSecrets(`${dataDir}/secrets.json`);
  const operator = await connectAs(secrets, 'operator', { servers: connection.natsUrl });
  const store = openStore(connection.databaseUrl, { max: 2 });
  return {
    secrets,
    operator,
    store,
    close: async () => {
      await operator.close();
      await store.close();
    },
  };
}

/** Every message of a stream, or of one subject of it. */
export async function messagesIn(
  connection: NatsConnection,
  stream: string,
  filter = '>',
): Promise<RawMessage[]> {
  const { lastSeq } = await openStreamReader(connection, stream).status();
  const messages: RawMessage[] = [];
  for await (const page of readRawMessages({
    connection,
    stream,
    fromSeq: 1,
    throughSeq: lastSeq,
    filter,
  }))
    messages.push(...page);
  return messages;
}

type Content = Omit<RawMessage, 'seq' | 'storedAt' | 'body'> & { readonly body: string };

/** A message without what is the stream's own: its sequence, and when it was stored. */
export function contentOf({ subject, messageId, headers, body }: RawMessage): Content {
  return { subject, messageId, headers, body: Buffer.from(body).toString('base64') };
}

/** Waits until the read models are at the end of every stream, and checks them against a fresh fold of it. */
export async function expectReadModelsOfTheLog({
  operator,
  store,
  secrets,
}: Inside): Promise<void> {
  const { cell, ingest } = secrets;
  const log = openEventStore({ connection: operator, cell, ingest });
  const ends = {
    EVENTS: (await log.status()).lastSeq,
    DECISIONS: (await openStreamReader(operator, 'DECISIONS').status()).lastSeq,
  };
  for (const [source, lastSeq] of Object.entries(ends)) {
    await eventually(
      async () => {
        const rows = (await listPositions(store)).filter((row) => row.source === source);
        return rows.length > 0 && rows.every(({ seq }) => seq >= lastSeq);
      },
      { withinMs: 90_000, everyMs: 50 },
    );
  }
  const differences = (await compareReadModels(operator, store)).flatMap((one) => one.differences);
  if (differences.length > 0)
    throw new Error(`rows differ from the log: ${JSON.stringify(differences[0])}`);
}

type Rows = Readonly<Record<string, readonly string[]>>;

/** Every row of every read model as text, sorted; what is under a matching name in states is left out. */
export async function rowsOf(
  store: Store,
  options: { readonly tenant?: string; readonly without?: RegExp } = {},
): Promise<Rows> {
  const { tenant, without = /(?!)/ } = options;
  const { rows: tables } = await store.pool.query<{ name: string }>(
    `select c.table_name as name from information_schema.columns c
     where c.table_schema = 'public' and c.column_name = 'tenant' order by 1`,
  );
  const all: Record<string, readonly string[]> = {};
  for (const { name } of tables) {
    const { rows } = await store.pool.query<{ row: Record<string, unknown> }>(
      `select to_jsonb(t) as row from "${name}" t where $1::text is null or t.tenant = $1`,
      [tenant ?? null],
    );
    all[name] = rows
      .map(({ row }) =>
        JSON.stringify(
          Object.fromEntries(Object.entries(row).sort(([a], [b]) => a.localeCompare(b))),
          (name, value: unknown) => (without.test(name) && value !== null ? 'left out' : value),
        ),
      )
      .sort();
  }
  return all;
}
