/** The API on a real bus and a real Postgres, with keys of every kind, and no other role unless a test starts one. */
import { randomUUID } from 'node:crypto';
import { type EventStore, hashSecret, type Logger, newApiKey } from '@writ/bus';
import { type KeyRole, subjects, type WritEvent } from '@writ/contracts';
import {
  applyEntries,
  claimPositions,
  kindOf,
  migrate,
  openStore,
  projections,
  type Store,
} from '@writ/readmodels';
import { startTestBus, type TestBus, type TestDatabase, testDatabase } from '@writ/testkit';
import { type RunningApi, startApi } from './start-api.ts';

export const tenant = 'default';

export type Answered = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; the text itself where it is not JSON. */
  readonly body: unknown;
};

export type Asked = {
  readonly key?: string | undefined;
  readonly body?: string | Uint8Array | object | undefined;
  readonly headers?: Record<string, string>;
  readonly contentType?: string;
};

type LogLine = { readonly level: string; readonly fields: object; readonly message: string };

export class ApiBench {
  readonly bus: TestBus;
  readonly log: EventStore;
  readonly store: Store;
  readonly logged: LogLine[] = [];
  #api: RunningApi | undefined;
  readonly #database: TestDatabase;
  readonly #last = new Map<string, { seq: number; version: number }>();

  private constructor(parts: { bus: TestBus; log: EventStore; database: TestDatabase }) {
    this.bus = parts.bus;
    this.log = parts.log;
    this.#database = parts.database;
    this.store = openStore(parts.database.url, { max: 3 });
  }

  /** `database` is one of the test's own, which it may take away. */
  static async start(
    options: { publicUrl?: string; database?: TestDatabase } = {},
  ): Promise<ApiBench> {
    const [bus, database] = await Promise.all([
      startTestBus(),
      options.database ?? testDatabase('readmodels', migrated),
    ]);
    const bench = new ApiBench({ bus, database, log: await bus.store('commander-store') });
    await bench.startApi(options.publicUrl === undefined ? {} : { publicUrl: options.publicUrl });
    return bench;
  }

  get api(): RunningApi {
    if (!this.#api) throw new Error('the API is not started');
    return this.#api;
  }

  async startApi(options: { publicUrl?: string } = {}): Promise<void> {
    this.#api = await startApi({
      secrets: this.bus.secrets,
      natsUrl: this.bus.url,
      databaseUrl: this.#database.url,
      version: '0.1.0',
      httpHost: '127.0.0.1',
      httpPort: 0,
      log: this.#logger(),
      ...options,
    });
  }

  async stop(): Promise<void> {
    await this.#api?.stop();
    await this.store.close();
    await Promise.all([this.bus.stop(), this.#database.drop()]);
  }

  /** Writes an event as a commander would; returns its sequence. */
  async tell(
    subject: string,
    event: WritEvent,
    more: { timeMs?: number; correlationId?: string; tenant?: string } = {},
  ): Promise<number> {
    const last = this.#last.get(subject) ?? { seq: 0, version: 0 };
    const version = last.version + 1;
    const { timeMs = Date.now(), correlationId = null } = more;
    const { lastSeq } = await this.log.append([
      {
        subject,
        expectedLastSeq: last.seq,
        events: [
          {
            ...event,
            id: randomUUID(),
            timeMs,
            version,
            tenant: more.tenant ?? tenant,
            actor: { type: 'api_key', id: 'k0admin0000' },
            aggregate: subject.split('.').slice(4).join('/'),
            correlationId,
          },
        ],
      },
    ]);
    this.#last.set(subject, { seq: lastSeq, version });
    return lastSeq;
  }

  /** Makes a key; returns its id and what a client presents. */
  async key(role: KeyRole, agents: string[] = [], expiresAt: string | null = null) {
    const { keyId, secret, apiKey } = newApiKey();
    const secretHash = hashSecret(this.bus.secrets.pepper, secret);
    const data = { keyId, name: keyId, role, agents, expiresAt, secretHash };
    await this.tell(subjects.key(tenant, keyId), { type: 'KeyCreated', data });
    return { keyId, apiKey };
  }

  revoke(keyId: string): Promise<number> {
    return this.tell(subjects.key(tenant, keyId), {
      type: 'KeyRevoked',
      data: { keyId, reason: null },
    });
  }

  register(agentId: string, version = '1.0.0'): Promise<number> {
    return this.tell(subjects.agent(tenant, agentId), {
      type: 'AgentRegistered',
      data: {
        agentId,
        name: agentId,
        type: 'reader',
        version,
        capabilities: ['csv'],
        runtime: { kind: 'nats' },
        owner: 'team-a',
        labels: { env: 'prod' },
        keyId: 'k0admin0000',
      },
    });
  }

  suspend(
    agentId: string,
    more: { timeMs?: number; correlationId?: string } = {},
  ): Promise<number> {
    return this.tell(
      subjects.agent(tenant, agentId),
      { type: 'AgentSuspended', data: { agentId, reason: null } },
      more,
    );
  }

  /** Folds the log up to now into the read models, as a projector would. */
  async project(): Promise<void> {
    const { created, lastSeq } = await this.log.status();
    const events = await this.log.read({ fromSeq: 1, limit: 100_000 });
    const entries = events.map((event) => ({
      seq: event.seq,
      kind: kindOf(event.subject),
      id: event.id,
      content: event,
    }));
    const client = await this.store.pool.connect();
    const source = { source: 'EVENTS', cell: this.log.cell, segment: 1, created } as const;
    const { claimed } = await claimPositions(client, projections.EVENTS, {
      ...source,
      retryPaused: true,
    }).finally(() => client.release());
    await applyEntries(this.store.pool, claimed, {
      entries,
      through: { seq: lastSeq, id: entries.at(-1)?.id ?? null },
    });
  }

  async ask(method: string, path: string, asked: Asked = {}): Promise<Answered> {
    const response = await fetch(`${this.api.url}${path}`, requestOf(method, asked));
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  }

  #logger(): Logger {
    const at =
      (level: string) =>
      (fields: object, message = '') =>
        void this.logged.push({ level, fields, message });
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }
}

export function requestOf(
  method: string,
  { key, body, headers = {}, contentType }: Asked,
): RequestInit {
  const all: Record<string, string> = { ...headers };
  if (key !== undefined) all['authorization'] = `Bearer ${key}`;
  if (body !== undefined) all['content-type'] = contentType ?? 'application/json';
  if (body === undefined) return { method, headers: all };
  const sent = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return { method, headers: all, body: sent as string };
}

/** Makes the tables of the read models. */
export async function migrated(url: string): Promise<void> {
  const store = openStore(url);
  await migrate(store).finally(store.close);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
