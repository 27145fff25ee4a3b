/** A tenant moves from one cell to another: the same events, the same read models. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { connectAs, openEventStore, openStreamReader, type RawMessage } from '@writ/bus';
import {
  appendRun,
  type Ended,
  eventRun,
  eventually,
  spawnWrit,
  startWrit,
  type Writ,
} from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  contentOf,
  expectReadModelsOfTheLog,
  type Inside,
  messagesIn,
  openInside,
  rowsOf,
} from './archive.fixture.ts';

const EVENTS = 4000;
const AGENT = 'mover:painter';

let folder: string;
let source: Writ;
let target: Writ;
let from: Inside;
let to: Inside;
const file = (name: string) => join(folder, name);
const values = async (ended: Promise<Ended>) => {
  const { code, stdout, stderr } = await ended;
  return { code, stderr, value: JSON.parse(stdout) as Record<string, unknown> };
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writ-move-'));
  [source, target] = await Promise.all([
    startWrit({ dataDir: file('source') }),
    startWrit({ dataDir: file('target') }),
  ]);
  [from, to] = await Promise.all([
    openInside(source.dataDir, source.connection),
    openInside(target.dataDir, target.connection),
  ]);
  const writer = await connectAs(from.secrets, 'commander-store', {
    servers: source.connection.natsUrl,
  });
  const { cell, ingest } = from.secrets;
  const store = openEventStore({ connection: writer, cell, ingest });
  await appendRun(
    store,
    eventRun({ count: EVENTS, agents: 40, seed: 11, tenants: ['acme', 'globex'] }),
  );
  await writer.close();
  await source.run(['agents', 'register', AGENT, '--type', 'painting']);
  await source.run(['grants', 'issue', AGENT, '--action', 'paint', '--resource', 'wall:*']);
  await source.run(['keys', 'create', 'worker', '--role', 'agent', '--agents', 'mover:*']);
  const reported = await report(source);
  expect(reported.status).toBe(201);
});

afterAll(async () => {
  await Promise.all([from.close(), to.close()]);
  await Promise.all([source.stop(), target.stop()]);
  await rm(folder, { recursive: true, force: true });
});

function report(writ: Writ): Promise<Response> {
  return fetch(`${writ.connection.httpUrl}/v1/executions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${writ.connection.adminKey}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      executionId: 'exec-1',
      agentId: AGENT,
      action: 'paint',
      resource: 'wall:1',
      outcome: 'succeeded',
    }),
  });
}

const ofTenant = (messages: readonly RawMessage[], keys: ReadonlySet<string>) =>
  messages
    .filter(({ subject }) => !subject.includes('.tenancy.key.') || keys.has(subject))
    .map(contentOf);

describe('a tenant that moves', () => {
  test('is exported as it is, to a file that says what it holds', async () => {
    const { code, value } = await values(
      source.run(['export', '--out', file('default.writ'), '--json']),
    );
    const events = await messagesIn(from.operator, 'EVENTS-1', 'writ.default.evt.>');
    expect([code, value['count'], value['tenant']]).toEqual([0, events.length, 'default']);
    const checked = await values(source.run(['import', '--check', file('default.writ'), '--json']));
    expect(checked.code).toBe(0);
    expect(checked.value).toMatchObject({
      count: events.length,
      sha256: value['sha256'],
      cell: from.secrets.cell,
    });
    const text = zstdDecompressSync(await readFile(file('default.writ'))).toString('utf8');
    for (const secret of [from.secrets.ingest, from.secrets.pepper])
      expect(text).not.toContain(secret);
  });

  test('an export never takes the place of a file, and one of nobody is none', async () => {
    const again = await source.run(['export', '--out', file('default.writ')]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('is there already')]);
    const nobody = await source.run(['export', '--tenant', 'nobody', '--out', file('nobody.writ')]);
    expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('has no events')]);
    await expect(readFile(file('nobody.writ'))).rejects.toThrow('ENOENT');
  });

  test('a damaged file is refused with its line, and nothing of it is stored', async () => {
    await source.run(['export', '--tenant', 'acme', '--out', file('acme.writ')]);
    const lines = zstdDecompressSync(await readFile(file('acme.writ')))
      .toString('utf8')
      .split('\n');
    const cases = {
      flipped: lines.with(20, (lines[20] ?? '').replace('ce-id', 'ce-ib')),
      dropped: lines.toSpliced(20, 1),
      swapped: lines.with(20, lines[21] ?? '').with(21, lines[20] ?? ''),
    };
    const before = await messagesIn(to.operator, 'EVENTS-1');
    for (const [name, changed] of Object.entries(cases)) {
      await writeFile(file(name), zstdCompressSync(changed.join('\n')));
      for (const flags of [['--check'], []]) {
        const { code, stderr } = await target.run(['import', file(name), ...flags]);
        expect([code, stderr]).toEqual([1, expect.stringContaining('damaged at line 21:')]);
      }
    }
    const bytes = await readFile(file('acme.writ'));
    await writeFile(file('cut'), bytes.subarray(0, bytes.length / 2));
    const cut = await target.run(['import', file('cut')]);
    expect([cut.code, cut.stderr]).toEqual([1, expect.stringContaining('cut off')]);
    expect(await messagesIn(to.operator, 'EVENTS-1')).toHaveLength(before.length);
  });

  test('a part that does not begin at the start is not imported', async () => {
    await source.run([
      'export',
      '--tenant',
      'globex',
      '--from-seq',
      '100',
      '--out',
      file('part.writ'),
    ]);
    const { code, stderr } = await target.run(['import', file('part.writ')]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('begins at 100')]);
  });

  test('an import that was killed goes on where it was', async () => {
    const half = String(EVENTS / 2);
    await source.run(['export', '--tenant', 'acme', '--to-seq', half, '--out', file('half.writ')]);
    expect((await target.run(['import', file('half.writ')])).code).toBe(0);
    const refused = await target.run(['import', file('acme.writ')]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('--resume')]);

    const reader = openStreamReader(to.operator, 'EVENTS-1');
    const { lastSeq: before } = await reader.status();
    const killed = spawnWrit(['import', '--resume', file('acme.writ'), '--data', target.dataDir]);
    const storing = eventually(async () => (await reader.status()).lastSeq > before, {
      withinMs: 60_000,
      everyMs: 1,
    });
    await Promise.race([killed.ended, storing]);
    killed.kill('SIGKILL');
    await killed.ended;

    const { code, value } = await values(
      target.run(['import', '--resume', file('acme.writ'), '--json']),
    );
    expect(code).toBe(0);
    await storing;
    const acme = await messagesIn(from.operator, 'EVENTS-1', 'writ.acme.evt.>');
    expect(value['events']).toBe(acme.length);
    const moved = await messagesIn(to.operator, 'EVENTS-1', 'writ.acme.evt.>');
    expect(moved.map(contentOf)).toEqual(acme.map(contentOf));
  });

  test('has the same events in the same order, beside the keys that the new cell made', async () => {
    const { code, value, stderr } = await values(
      target.run(['import', file('default.writ'), '--json']),
    );
    expect([code, value['keys']]).toEqual([0, { active: expect.any(Number), usable: false }]);
    expect(stderr).toContain('can not be used here');
    const events = await messagesIn(from.operator, 'EVENTS-1', 'writ.default.evt.>');
    const keys = new Set(events.map(({ subject }) => subject));
    const moved = await messagesIn(to.operator, 'EVENTS-1', 'writ.default.evt.>');
    expect(ofTenant(moved, keys)).toEqual(ofTenant(events, keys));
    expect(moved.length - ofTenant(moved, keys).length).toBe(1);
  });

  test('has the same read models, but for sequences', async () => {
    await Promise.all([expectReadModelsOfTheLog(from), expectReadModelsOfTheLog(to)]);
    const without = /seq$|latched_?by$/i;
    const acme = { tenant: 'acme', without };
    expect(await rowsOf(to.store, acme)).toEqual(await rowsOf(from.store, acme));
    const [there, here] = [
      await rowsOf(from.store, { tenant: 'default', without }),
      await rowsOf(to.store, { tenant: 'default', without }),
    ];
    // The new cell's own first key is there besides.
    for (const table of ['keys', 'trust_admin_keys']) {
      const [before = [], after = []] = [there[table], here[table]];
      expect(after).toEqual(expect.arrayContaining([...before]));
      expect(after).toHaveLength(before.length + 1);
    }
    const { keys: _keys, trust_admin_keys: _admins, ...others } = there;
    const { keys: _keysHere, trust_admin_keys: _adminsHere, ...othersHere } = here;
    expect(othersHere).toEqual(others);
  });

  test('is governed there as before, and nothing that was reported is counted twice', async () => {
    for (const [action, outcome] of [
      ['paint', 0],
      ['sell', 1],
    ] as const) {
      const asked = ['ask', AGENT, action, 'wall:7', '--json'];
      const [there, here] = [await values(source.run(asked)), await values(target.run(asked))];
      expect([there.code, here.code], JSON.stringify([there.value, here.value])).toEqual([
        outcome,
        outcome,
      ]);
    }
    const again = await report(target);
    expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([
      409,
      'IDEMPOTENCY_KEY_REUSED',
    ]);
    const one = await values(target.run(['executions', 'list', '--agent', AGENT, '--json']));
    expect(one.value['items']).toHaveLength(1);
  });

  test('is not imported twice, nor over something else', async () => {
    const again = await target.run(['import', file('default.writ')]);
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringMatching(/has all \d+ events|differs|not in the file/),
    ]);
    const back = await source.run(['import', file('acme.writ')]);
    expect([back.code, back.stderr]).toEqual([1, expect.stringContaining('has all')]);
    await target.run(['export', '--out', file('back.writ')]);
    const other = await source.run(['import', file('back.writ')]);
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringContaining('import into a cell that has none of it'),
    ]);
  });
});
