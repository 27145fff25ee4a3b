/** A Postgres that is slow and a client that does not read: the log goes on, memory is bounded, nothing is left out. */
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { hashSecret, newApiKey, writeSecrets } from '@writ/bus';
import { subjects } from '@writ/contracts';
import { compareReadModels } from '@writ/projector';
import { listPositions, openStore } from '@writ/readmodels';
import {
  appendRun,
  eventRun,
  eventually,
  spawnWrit,
  startTcpProxy,
  startTestBus,
  testDatabase,
} from '@writ/testkit';
import { afterEach, expect, test } from 'vitest';
import { migrated } from './migrated.ts';

const EVENTS = 8000;
const tenant = 'default';
const PATIENT = { withinMs: 90_000 };
/** What the process may take on top of what it has. */
const MOST_MIB = 384;
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

async function peakMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** The api and a projector in a process of their own, with a slow way to Postgres. */
async function startReaders() {
  const [bus, database] = await Promise.all([startTestBus(), testDatabase('migrated', migrated)]);
  undo.push(() => Promise.all([bus.stop(), database.drop()]));
  const proxy = await startTcpProxy(Number(new URL(database.url).port));
  undo.push(() => proxy.stop());
  const slowUrl = new URL(database.url);
  slowUrl.port = String(proxy.port);
  const { keyId, secret, apiKey } = newApiKey();
  const log = await bus.store();
  const key = { keyId, name: 'k', role: 'admin' as const, agents: [], expiresAt: null };
  const created = { ...key, secretHash: hashSecret(bus.secrets.pepper, secret) };
  await log.append([
    {
      subject: subjects.key(tenant, keyId),
      expectedLastSeq: 0,
      events: [
        {
          type: 'KeyCreated',
          data: created,
          id: 'key',
          timeMs: Date.now(),
          version: 1,
          tenant,
          actor: { type: 'system', id: 'test' },
          aggregate: `key/${keyId}`,
        },
      ],
    },
  ]);
  const file = join(bus.dataDir, 'secrets.json');
  await writeSecrets(file, bus.secrets);
  const readers = spawnWrit(['run', 'projector', 'api'], {
    env: {
      WRIT_DATA_DIR: join(bus.dataDir, 'readers'),
      WRIT_NATS_CREDS: file,
      WRIT_NATS_URL: bus.url,
      WRIT_DATABASE_URL: slowUrl.href,
      WRIT_HTTP_PORT: '0',
    },
  });
  undo.push(async () => {
    readers.kill('SIGTERM');
    await readers.ended;
  });
  await eventually(() => readers.stderr().includes('ready: '), PATIENT);
  const url = /"url":"([^"]+)"/.exec(readers.stdout())?.[1] ?? '';
  return { bus, database, proxy, log, apiKey, readers, url: new URL(url) };
}

/** Opens the event stream from the start and reads nothing until it is told to. */
function openIdleStream(url: URL, apiKey: string): Socket {
  const socket = connect(Number(url.port), url.hostname);
  undo.push(async () => socket.destroy());
  socket.write(
    `GET /v1/events/stream?from=1 HTTP/1.1\r\nHost: writ\r\nAuthorization: Bearer ${apiKey}\r\n\r\n`,
  );
  socket.pause();
  return socket;
}

test('behind a slow Postgres and before a client that does not read, events are stored at once, wait where they are, and come in order', async () => {
  const { bus, database, proxy, log, apiKey, readers, url } = await startReaders();
  const client = openIdleStream(url, apiKey);
  const before = await peakMib(readers.pid);
  proxy.delayAnswers(200);
  const appending = appendRun(log, eventRun({ count: EVENTS, seed: 71, agents: 100 }));
  const waiting = eventually(async () => {
    const answer = await fetch(new URL('/ready', url));
    const { projections } = (await answer.json()) as { projections: { behind: number }[] };
    return projections.some(({ behind }) => behind > 0);
  }, PATIENT);
  const [lastSeq] = await Promise.all([appending, waiting]);
  proxy.heal();

  let text = '';
  client.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  client.resume();
  await eventually(() => text.includes(`id: ${lastSeq}\n`), PATIENT);
  const seqs = [...text.matchAll(/^id: (\d+)\r?\ndata/gm)].map(([, seq]) => Number(seq));
  const ofTenant = await eventually(
    async () => await log.read({ fromSeq: 1, limit: 20_000, filter: `writ.${tenant}.evt.>` }),
  );
  expect(seqs).toEqual(ofTenant.map(({ seq }) => seq));

  const store = openStore(database.url, { max: 2 });
  undo.push(() => store.close());
  await eventually(
    async () =>
      (await listPositions(store)).every(
        ({ source, seq }) => source !== 'EVENTS' || seq >= lastSeq,
      ),
    PATIENT,
  );
  const compared = await compareReadModels(await bus.connect('operator'), store);
  expect(compared.flatMap(({ differences }) => differences)).toEqual([]);
  const grown = (await peakMib(readers.pid)) - before;
  expect(grown).toBeLessThan(MOST_MIB);
}, 180_000);
