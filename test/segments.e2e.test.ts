/** The log in segments, on a whole platform: rolled over, archived, removed, replayed from the file, put back. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startWrit, type Writ } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentOf, type Inside, messagesIn, openInside } from './archive.fixture.ts';

const AGENT = 'long:painter';
const LONG = { timeout: 300_000 };
const PATIENT = { withinMs: 90_000 };

let folder: string;
let writ: Writ;
let inside: Inside;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writ-segments-'));
  writ = await startWrit({ dataDir: join(folder, 'data') });
  inside = await openInside(writ.dataDir, writ.connection);
}, 300_000);
afterAll(async () => {
  await inside.close();
  await writ.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(...args: readonly string[]) {
  const { code, stdout, stderr } = await writ.run(args);
  return { code, stdout, stderr };
}

async function document(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const replayed = async (...args: readonly string[]) =>
  (await run('replay', ...args, '--json')).stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { seq: number; type: string });

async function restart(): Promise<void> {
  await inside.close();
  await writ.stop();
  writ = await startWrit({ dataDir: join(folder, 'data') });
  inside = await openInside(writ.dataDir, writ.connection);
}

const archives = () => join(folder, 'archive');
const file = () => join(archives(), 'EVENTS-1.writ');

describe('the log in segments', () => {
  test('goes on under every role when it is rolled over, and after a restart', LONG, async () => {
    await run('agents', 'register', AGENT, '--type', 'painting');
    await run('grants', 'issue', AGENT, '--action', 'paint', '--resource', 'wall:*');
    expect((await run('ask', AGENT, 'paint', 'wall:1')).code).toBe(0);
    const rolled = await document('log', 'roll');
    expect(rolled).toMatchObject({ from: 1, to: 2, bounded: true });
    expect((await run('agents', 'suspend', AGENT, '--reason', 'looked at')).code).toBe(0);
    await eventually(async () => (await run('ask', AGENT, 'paint', 'wall:1')).code === 1, PATIENT);
    expect((await run('agents', 'register', AGENT, '--type', 'painting')).code).toBe(0);
    expect((await run('agents', 'resume', AGENT)).code).toBe(0);
    await eventually(async () => (await run('ask', AGENT, 'paint', 'wall:1')).code === 0, PATIENT);
    const events = await replayed();
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)?.seq).toBeGreaterThan(Number(rolled['lastSeq']));
    await restart();
    expect((await run('ask', AGENT, 'paint', 'wall:1')).code).toBe(0);
    expect((await run('agents', 'suspend', AGENT, '--reason', 'again')).code).toBe(0);
    expect((await run('agents', 'resume', AGENT)).code).toBe(0);
    expect((await run('doctor', '--deep')).stdout).toMatch(/equal a fresh fold/);
    const { items } = await document('log', 'list');
    expect(items).toMatchObject([
      { segment: 1, state: 'closed', lastSeq: rolled['lastSeq'] },
      { segment: 2, state: 'open', firstSeq: Number(rolled['lastSeq']) + 1 },
    ]);
  });

  test(
    'has its closed segments archived and verified, and a changed file found',
    LONG,
    async () => {
      expect((await run('log', 'archive', '2', '--out', archives())).code).toBe(1);
      const archived = await document('log', 'archive', '1', '--out', archives());
      expect(archived).toMatchObject({ segment: 1, firstSeq: 1, comparedWithBroker: true });
      const verified = await document('log', 'verify', '1', '--from', archives());
      expect(verified).toEqual(archived);
      const bytes = await readFile(file());
      const spoilt = Buffer.from(bytes);
      spoilt[Math.floor(spoilt.length / 2)] = (spoilt[Math.floor(spoilt.length / 2)] ?? 0) ^ 1;
      await writeFile(file(), spoilt);
      expect((await run('log', 'verify', '1', '--from', archives())).code).toBe(1);
      expect(
        (await run('log', 'remove', '1', '--from', archives(), '--history-goes-offline')).code,
      ).toBe(1);
      await writeFile(file(), bytes);
    },
  );

  test(
    'is replayed from the file without the segment, says what is missing, and is whole again when it is put back',
    LONG,
    async () => {
      const before = await replayed();
      const original = await messagesIn(inside.operator, 'EVENTS-1');
      const refused = await run('log', 'remove', '1', '--from', archives());
      expect([refused.code, refused.stderr]).toEqual([
        2,
        expect.stringContaining('--history-goes'),
      ]);
      await document('log', 'remove', '1', '--from', archives(), '--history-goes-offline');
      expect((await document('log', 'list'))['items']).toMatchObject([{ segment: 2 }]);
      const lastOfFirst = original.length;
      expect(await replayed('--archive', file())).toEqual(before.slice(0, lastOfFirst));
      expect(await replayed('--archive', file(), '--agent', AGENT, '--limit', '1')).toHaveLength(1);
      const created = await run('agents', 'register', 'new:comer', '--type', 'painting');
      expect(created.code).not.toBe(0);
      expect(created.stderr).toContain('writ log restore');
      expect((await run('log', 'verify', '1', '--from', archives())).code).toBe(0);

      await document('log', 'restore', '1', '--from', archives());
      const kept = await messagesIn(inside.operator, 'EVENTS-1');
      expect(kept.map((message) => ({ seq: message.seq, ...contentOf(message) }))).toEqual(
        original.map((message) => ({ seq: message.seq, ...contentOf(message) })),
      );
      expect((await run('agents', 'register', 'new:comer', '--type', 'painting')).code).toBe(0);
      expect((await run('streams', 'check')).code).toBe(0);
      await restart();
      expect((await replayed()).slice(0, before.length)).toEqual(before);
      expect((await run('ask', AGENT, 'paint', 'wall:1')).code).toBe(0);
      expect((await run('doctor', '--deep')).stdout).toMatch(/equal a fresh fold/);
    },
  );
});
