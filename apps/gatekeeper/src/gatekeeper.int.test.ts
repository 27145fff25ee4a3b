import { randomUUID } from 'node:crypto';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type EventStore, hashSecret, newApiKey, type RunningRole } from '@writ/bus';
import { subjects, type WritEvent } from '@writ/contracts';
import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterEach, beforeAll, afterAll, describe, expect, test } from 'vitest';
import { createBouncer } from './bouncer.ts';
import { startGatekeeper } from './index.ts';

const tenant = 'default';
const lines: {
  readonly level: string;
  readonly fields: object;
  readonly message: string | undefined;
}[] = [];
const note =
  (level: string) =>
  (fields: object, message?: string): void =>
    void lines.push({ level, fields, message });
const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };

let bus: TestBus;
let store: EventStore;
const running: RunningRole[] = [];
const clients: NatsConnection[] = [];

beforeAll(async () => {
  bus = await startTestBus();
  store = await bus.store();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all(running.splice(0).map((gatekeeper) => gatekeeper.stop()));
});

afterAll(() => bus?.stop());

async function start(url = bus.url): Promise<RunningRole> {
  const gatekeeper = await startGatekeeper({ secrets: bus.secrets, natsUrl: url, log });
  running.push(gatekeeper);
  return gatekeeper;
}

type MadeKey = { readonly keyId: string; readonly apiKey: string; readonly seq: number };

async function makeKey(expiresAtMs: number | null = null): Promise<MadeKey> {
  const { keyId, secret, apiKey } = newApiKey();
  const expiresAt = expiresAtMs === null ? null : new Date(expiresAtMs).toISOString();
  const secretHash = hashSecret(bus.secrets.pepper, secret);
  const data = {
    keyId,
    name: 'worker',
    role: 'agent' as const,
    agents: ['town:worker'],
    expiresAt,
    secretHash,
  };
  return { keyId, apiKey, seq: await append(keyId, 0, { type: 'KeyCreated', data }) };
}

function revoke({ keyId, seq }: MadeKey): Promise<number> {
  return append(keyId, seq, { type: 'KeyRevoked', data: { keyId, reason: null } });
}

type KeyEvent = WritEvent<'KeyCreated' | 'KeyRevoked'>;

async function append(keyId: string, expectedLastSeq: number, event: KeyEvent): Promise<number> {
  const about = {
    id: randomUUID(),
    timeMs: Date.now(),
    version: expectedLastSeq === 0 ? 1 : 2,
    tenant,
    actor: { type: 'system' as const, id: 'test' },
    aggregate: `key/${keyId}`,
  };
  const events = [{ ...event, ...about }];
  return (await store.append([{ subject: subjects.key(tenant, keyId), expectedLastSeq, events }]))
    .lastSeq;
}

async function login({
  keyId,
  apiKey,
}: Pick<MadeKey, 'keyId' | 'apiKey'>): Promise<NatsConnection> {
  const client = await connect({
    servers: bus.url,
    token: apiKey,
    inboxPrefix: `_INBOX.${keyId}`,
    reconnect: false,
  });
  clients.push(client);
  return client;
}

/** Logs in with a key that ends so soon; on a busy machine, where it ends before, with one that lasts longer. */
async function loginFor(lastsMs: number): Promise<NatsConnection> {
  const client = await login(await makeKey(Date.now() + lastsMs)).catch((error: unknown) => {
    if (lastsMs > 20_000) throw error;
    return undefined;
  });
  return client ?? (await loginFor(2 * lastsMs));
}

const refusal = { name: 'AuthorizationError' };

describe('a gatekeeper', () => {
  test('lets a key in the moment it was made', async () => {
    await start();
    for (let round = 0; round < 20; round++) await login(await makeKey());
  });

  test('refuses a wrong secret, says which key and why in its log, and never the secret', async () => {
    await start();
    const { keyId } = await makeKey();
    const wrong = `writ_${keyId}_${'a1'.repeat(16)}`;
    await expect(login({ keyId, apiKey: wrong })).rejects.toMatchObject(refusal);
    const said = await eventually(() =>
      lines.find(
        ({ message, fields }) =>
          message === 'login refused' && JSON.stringify(fields).includes(keyId),
      ),
    );
    expect(said).toMatchObject({
      level: 'warn',
      fields: { keyId, reason: 'the secret is wrong', host: '127.0.0.1' },
    });
    expect(JSON.stringify(lines)).not.toContain('a1a1a1');
  });

  test('refuses an expired key, and the connection of one that expires ends with it', async () => {
    await start();
    await expect(login(await makeKey(Date.now() - 1))).rejects.toMatchObject(refusal);
    const client = await loginFor(4000);
    expect(await client.closed()).toMatchObject({ name: 'UserAuthenticationExpiredError' });
  });

  test('closes every connection of a key that is revoked, and lets it in no more', async () => {
    await start();
    const [fired, kept] = [await makeKey(), await makeKey()];
    const closing = [await login(fired), await login(fired), await login(fired)];
    const staying = await login(kept);
    await revoke(fired);
    await Promise.all(closing.map((client) => client.closed()));
    await expect(login(fired)).rejects.toMatchObject(refusal);
    await staying.flush();
  });

  test('closes at its start what was revoked while none ran', async () => {
    const first = await start();
    const fired = await makeKey();
    const client = await login(fired);
    await first.stop();
    await revoke(fired);
    await client.flush();
    await start();
    await client.closed();
  });

  test('finds a connection of a revoked key later, where a server kept it', async () => {
    await start();
    const [fired, kept] = [await makeKey(), await makeKey()];
    const [client, staying] = [await login(fired), await login(kept)];
    const bouncer = createBouncer(await bus.connect('gatekeeper-sys'), log);
    let searched = 0;
    bouncer.patrol((keyId) => keyId === fired.keyId && ++searched > 2, 50);
    await client.closed();
    await staying.flush();
    await bouncer.stop();
  });

  test('is ready when it has read the keys, also those of an empty log', async () => {
    const empty = await startTestBus();
    const gatekeeper = await startGatekeeper({ secrets: empty.secrets, natsUrl: empty.url, log });
    await eventually(() => gatekeeper.ready().ok);
    await gatekeeper.stop();
    await empty.stop();
  });
});

describe('several gatekeepers', () => {
  test('share the logins, and one that leaves is not missed', async () => {
    const [first] = [await start(), await start(), await start()];
    const key = await makeKey();
    await Promise.all(Array.from({ length: 30 }, () => login(key)));
    await first?.stop();
    await Promise.all(Array.from({ length: 30 }, () => login(key)));
    await revoke(key);
    await Promise.all(clients.map((client) => client.closed()));
  });
});

describe('without a gatekeeper', () => {
  test('nobody but roles can connect', async () => {
    await expect(login(await makeKey())).rejects.toMatchObject(refusal);
    const role = await bus.connect('operator');
    await role.flush();
  });
});
