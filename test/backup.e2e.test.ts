/** Backup and restore, rehearsed: a cell in use, its backup, and a cell made from it. */
import { createHash } from 'node:crypto';
import {
  appendFile,
  copyFile,
  cp,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectAs,
  type NatsConnection,
  openEventStore,
  openStreamReader,
  type RawMessage,
  writeSecrets,
} from '@writ/bus';
import { typeOf } from '@writ/contracts';
import {
  appendRun,
  type Ended,
  eventRun,
  eventually,
  runWrit,
  startTestBus,
  startWrit,
  type Writ,
} from '@writ/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  contentOf,
  expectReadModelsOfTheLog,
  type Inside,
  messagesIn,
  openInside,
  rowsOf,
} from './archive.fixture.ts';

const AGENT = 'kept:painter';

let folder: string;
let writ: Writ;
let inside: Inside;
const file = (name: string) => join(folder, name);
const values = async (ended: Promise<Ended>) => {
  const { code, stdout, stderr } = await ended;
  return { code, stderr, value: JSON.parse(stdout) as Record<string, unknown> };
};
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writ-backup-'));
  writ = await startWrit({ dataDir: file('first') });
  inside = await openInside(writ.dataDir, writ.connection);
  await writ.run(['agents', 'register', AGENT, '--type', 'painting']);
  await writ.run(['grants', 'issue', AGENT, '--action', 'paint', '--resource', 'wall:*']);
  expect((await writ.run(['ask', AGENT, 'paint', 'wall:1'])).code).toBe(0);
  expect((await writ.run(['ask', AGENT, 'sell', 'wall:1'])).code).toBe(1);
});

afterAll(async () => {
  await inside.close();
  await writ.stop();
  await rm(folder, { recursive: true, force: true });
});

const sequenced = (messages: Awaited<ReturnType<typeof messagesIn>>) =>
  messages.map((message) => ({ seq: message.seq, ...contentOf(message) }));

describe('a backup of a cell that is in use', () => {
  test('holds everything up to one sequence, with every decision made before it', {
    timeout: 300_000,
  }, async () => {
    const { cell, ingest } = inside.secrets;
    const writer = await connectAs(inside.secrets, 'commander-store', {
      servers: writ.connection.natsUrl,
    });
    undo.push(() => writer.close());
    const store = openEventStore({ connection: writer, cell, ingest });
    const planned = eventRun({ count: 4000, agents: 200, seed: 3, tenants: ['acme', 'globex'] });
    const appending = appendRun(store, planned);
    await eventually(async () => (await store.status()).lastSeq > 500, { withinMs: 60_000 });
    const taken = await values(writ.run(['backup', file('running'), '--json']));
    await appending;
    expect([taken.code, taken.stderr]).toEqual([0, expect.stringContaining('without the secrets')]);
    const logSeq = Number(taken.value['logSeq']);
    expect(logSeq).toBeGreaterThan(500);
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);

    const restored = await values(
      runWrit(['restore', file('running'), '--data', file('of-running'), '--json']),
    );
    expect([restored.code, restored.value['logSeq']]).toEqual([0, logSeq]);
    expect(restored.stderr).toContain('make new ones');
    const second = await startWrit({ dataDir: file('of-running') });
    undo.push(() => second.stop());
    const there = await openInside(second.dataDir, second.connection);
    undo.push(() => there.close());
    const original = await messagesIn(inside.operator, 'EVENTS-1');
    const kept = await messagesIn(there.operator, 'EVENTS-1');
    expect(sequenced(kept.slice(0, logSeq))).toEqual(sequenced(original.slice(0, logSeq)));
    // Other secrets: the admin key of the new cell comes after what was restored. Its commander ends approvals in time.
    const later = kept
      .slice(logSeq)
      .map(({ headers }) => headers.find(([name]) => name === 'ce-type')?.[1]);
    expect(later.filter((type) => type !== typeOf('ApprovalExpired'))).toEqual([
      typeOf('KeyCreated'),
    ]);
    await expectReadModelsOfTheLog(there);
  });

  test('is restored with the same events, decisions, read models and keys', {
    timeout: 300_000,
  }, async () => {
    expect((await writ.run(['log', 'roll'])).code).toBe(0);
    await writ.run(['agents', 'suspend', AGENT, '--reason', 'in the second segment']);
    await writ.run(['agents', 'resume', AGENT]);
    await expectReadModelsOfTheLog(inside);
    const taken = await values(writ.run(['backup', file('whole'), '--with-secrets', '--json']));
    expect(taken.code).toBe(0);
    for (const name of await readdir(file('whole')))
      expect((await stat(join(file('whole'), name))).mode & 0o777).toBe(0o600);
    const rows = await rowsOf(inside.store);
    const streams = ['EVENTS-1', 'EVENTS-2', 'DECISIONS', 'OPS'];
    const original = await Promise.all(streams.map((name) => messagesIn(inside.operator, name)));
    const decisions = await values(writ.run(['decisions', 'list', '--json']));

    const restored = await values(
      runWrit(['restore', file('whole'), '--data', file('second'), '--json']),
    );
    expect([restored.code, restored.value['secrets']]).toEqual([0, true]);
    const second = await startWrit({ dataDir: file('second') });
    undo.push(() => second.stop());
    const there = await openInside(second.dataDir, second.connection);
    undo.push(() => there.close());
    const kept = await Promise.all(streams.map((name) => messagesIn(there.operator, name)));
    expect(kept.map(sequenced)).toEqual(original.map(sequenced));
    await expectReadModelsOfTheLog(there);
    expect(await rowsOf(there.store)).toEqual(rows);
    expect(await values(second.run(['decisions', 'list', '--json']))).toEqual(decisions);
    expect(second.connection.adminKey).toBe(writ.connection.adminKey);

    const inbox = (one: Inside) => openStreamReader(one.operator, 'INBOX').status();
    expect((await inbox(there)).lastSeq).toBe((await inbox(inside)).lastSeq);
    expect((await second.run(['ask', AGENT, 'paint', 'wall:1'])).code).toBe(0);
    expect((await second.run(['agents', 'register', 'kept:newcomer', '--type', 'x'])).code).toBe(0);
    expect((await second.run(['streams', 'check'])).code).toBe(0);
  });

  test('is restored to running servers with its segments, and run again finds all of it there', {
    timeout: 300_000,
  }, async () => {
    const bus = await startTestBus();
    undo.push(() => bus.stop());
    const operator = await bus.connect('operator');
    await writeSecrets(file('alone.json'), bus.secrets);
    const env = { WRIT_NATS_URL: bus.url, WRIT_NATS_CREDS: file('alone.json') };
    for (let run = 1; run <= 2; run++) {
      const { code, stderr } = await runWrit(['restore', file('whole'), '--data', file('no')], {
        env,
      });
      expect([code, stderr]).toEqual([0, expect.stringContaining('make new ones')]);
      for (const name of ['EVENTS-1', 'EVENTS-2', 'DECISIONS'])
        expect(sequenced(await messagesIn(operator, name))).toEqual(
          sequenced(await messagesIn(inside.operator, name)),
        );
    }
    const listed = await values(runWrit(['log', 'list', '--json'], { env }));
    expect([listed.code, JSON.stringify(listed.value)]).toEqual([
      0,
      expect.stringContaining('EVENTS-2'),
    ]);
  });

  test('never takes the place of anything', async () => {
    const again = await writ.run(['backup', file('whole')]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('not empty')]);
    const over = await runWrit(['restore', file('whole'), '--data', writ.dataDir]);
    expect([over.code, over.stderr]).toEqual([1, expect.stringContaining('not empty')]);
  });

  test('is checked without a cell, and names the file and the line that is damaged', {
    timeout: 300_000,
  }, async () => {
    const check = (name: string) => runWrit(['backup', '--check', file(name)]);
    expect((await check('whole')).code).toBe(0);
    const spoil = async (name: string, change: (path: string) => Promise<unknown>) => {
      await cp(file('whole'), file(`spoilt-${name}`), { recursive: true });
      await change(file(`spoilt-${name}`));
      const { code, stderr } = await check(`spoilt-${name}`);
      expect(code).toBe(1);
      return stderr;
    };
    const flipped = await spoil('flipped', async (path) => {
      const bytes = await readFile(join(path, 'EVENTS-1.writ'));
      const middle = bytes.length >> 1;
      bytes[middle] = (bytes[middle] ?? 0) ^ 1;
      await writeFile(join(path, 'EVENTS-1.writ'), bytes);
    });
    expect(flipped).toMatch(/EVENTS-1\.writ` is damaged at line \d+: /);
    const cut = await spoil('cut', (path) => truncate(join(path, 'DECISIONS.writ'), 200));
    expect(cut).toMatch(/DECISIONS\.writ` is damaged at line 1: the file is cut off/);
    const mixed = await spoil('mixed', (path) =>
      copyFile(join(file('running'), 'EVENTS-1.writ'), join(path, 'EVENTS-1.writ')),
    );
    expect(mixed).toContain('of another backup');
    const secret = await spoil('secret', (path) => appendFile(join(path, 'admin.key'), 'x'));
    expect(secret).toContain('admin.key` is damaged');
    const gone = await spoil('gone', (path) => rm(join(path, 'INBOX.writ')));
    expect(gone).toContain('INBOX.writ');
    const manifest = await spoil('manifest', async (path) => {
      const text = await readFile(join(path, 'backup.json'), 'utf8');
      await writeFile(join(path, 'backup.json'), text.replace('"count": ', '"count": 1'));
    });
    expect(manifest).toContain('its checksum differs');
    const unfinished = await spoil('unfinished', (path) => rm(join(path, 'backup.json')));
    expect(unfinished).toContain('no whole backup');
    for (const name of ['spoilt-cut', 'spoilt-unfinished'])
      expect((await runWrit(['restore', file(name), '--data', file('never')])).code).toBe(1);
    expect(await readdir(folder)).not.toContain('never');
  });
});

describe('commands that wait in INBOX', () => {
  /** The backup that results when INBOX is read at one moment and the log at a later one. */
  async function mixed(inboxFrom: string, logFrom: string, into: string): Promise<void> {
    await cp(logFrom, into, { recursive: true });
    await copyFile(join(inboxFrom, 'INBOX.writ'), join(into, 'INBOX.writ'));
    type Manifest = { streams: { name: string }[]; sha256?: string };
    const read = async (path: string) =>
      JSON.parse(await readFile(join(path, 'backup.json'), 'utf8')) as Manifest;
    const { sha256: _, ...later } = await read(into);
    const earlier = await read(inboxFrom);
    const streams = later.streams.map(
      (one) => earlier.streams.find(({ name }) => name === one.name && name === 'INBOX') ?? one,
    );
    const value = { ...later, streams };
    const sha256 = createHash('sha256').update(JSON.stringify(value)).digest('hex');
    await writeFile(join(into, 'backup.json'), JSON.stringify({ ...value, sha256 }));
  }

  test('are done once each after a restore, whether or not they were done before it', {
    timeout: 300_000,
  }, async () => {
    const bus = await startTestBus();
    undo.push(() => bus.stop());
    const operator = await bus.connect('operator');
    await writeSecrets(file('creds.json'), bus.secrets);
    const env = { WRIT_NATS_URL: bus.url, WRIT_NATS_CREDS: file('creds.json') };
    const dataDir = file('roles');
    const waiting = async (connection: NatsConnection) =>
      (await openStreamReader(connection, 'INBOX').status()).messages;
    const grant = (resource: string, key: string) => {
      const body = { agentId: AGENT, actions: ['paint'], resources: [resource] };
      operator.publish(`writ.default.inbox.${key}.authority.issue-grant`, JSON.stringify(body));
      return operator.flush();
    };
    const grantsOf = async (connection: NatsConnection) =>
      (await messagesIn(connection, 'EVENTS-1', 'writ.default.evt.authority.grants.>')).map(
        ({ body }) =>
          (JSON.parse(Buffer.from(body).toString('utf8')) as { resources: string[] }).resources[0],
      );

    const up = await startWrit({ dataDir, env });
    const [, key = ''] = up.connection.adminKey.split('_');
    await up.run(['agents', 'register', AGENT, '--type', 'painting'], { env });
    await grant('wall:1', key);
    await eventually(async () => (await grantsOf(operator)).length === 1, { withinMs: 90_000 });
    await up.stop();
    await grant('wall:2', key);
    await grant('wall:3', key);
    await eventually(async () => (await waiting(operator)) === 2, { withinMs: 90_000 });
    const backUp = (name: string) =>
      runWrit(['backup', file(name), '--with-secrets'], {
        env: { ...env, WRIT_DATA_DIR: dataDir },
      });
    expect((await backUp('waiting')).code).toBe(0);
    const again = await startWrit({ dataDir, env });
    await eventually(async () => (await waiting(operator)) === 0, { withinMs: 90_000 });
    await again.stop();
    expect((await backUp('done')).code).toBe(0);
    await mixed(file('waiting'), file('done'), file('mixed'));

    for (const name of ['waiting', 'mixed']) {
      const made = file(`from-${name}`);
      expect((await runWrit(['restore', file(name), '--data', made])).stderr).toBe('');
      const restored = await startWrit({ dataDir: made });
      const there = await openInside(made, restored.connection);
      expect((await openStreamReader(there.operator, 'INBOX').status()).lastSeq).toBe(5);
      await eventually(async () => (await waiting(there.operator)) === 0, { withinMs: 90_000 });
      expect((await grantsOf(there.operator)).toSorted()).toEqual(['wall:1', 'wall:2', 'wall:3']);
      expect(await messagesIn(there.operator, 'OPS')).toEqual([]);
      await there.close();
      await restored.stop();
    }
  });

  test("are restored to servers of one's own too, a cluster with empty streams among them", {
    timeout: 300_000,
  }, async () => {
    const bus = await startTestBus({ nodes: 3 });
    undo.push(() => bus.stop());
    const operator = await bus.connect('operator');
    await writeSecrets(file('cluster.json'), bus.secrets);
    const env = {
      WRIT_NATS_URL: bus.url,
      WRIT_NATS_CREDS: file('cluster.json'),
      WRIT_REPLICAS: '3',
      WRIT_DATA_DIR: file('unused'),
    };
    const restore = () => values(runWrit(['restore', file('mixed'), '--json'], { env }));
    const { code, value } = await restore();
    expect([code, value['secrets']]).toEqual([0, false]);
    expect((await runWrit(['streams', 'check'], { env })).code).toBe(0);
    const pending = await messagesIn(operator, 'INBOX');
    const keyOf = ({ headers }: RawMessage) =>
      headers.find(([name]) => name === 'Writ-Idempotency-Key')?.[1];
    expect(pending.map((message) => [message.seq, keyOf(message)])).toEqual([
      [4, expect.stringMatching(/^inbox-2-\d{13}$/)],
      [5, expect.stringMatching(/^inbox-3-\d{13}$/)],
    ]);

    expect((await restore()).code).toBe(0);
    const other = await values(runWrit(['restore', file('whole'), '--json'], { env }));
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringContaining('something else than the backup'),
    ]);
  });
});
