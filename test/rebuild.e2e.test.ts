/** A long log that was made by the command line, and read models that are built again while people read them over HTTP. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookOverHttp, startReader } from '@writ/bench';
import { readSecrets } from '@writ/bus';
import { eventually, runWrit, startWrit, type Writ } from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const EVENTS = 6000;
const AGENTS = 60;
const LONG = { timeout: 300_000 };
const PATIENT = { withinMs: 120_000 };
const WORKER = 'busy:painter';

let folder: string;
let writ: Writ;
let seeded: Record<string, unknown>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writ-rebuild-'));
  const dataDir = join(folder, 'data');
  const args = ['bench', 'seed', '--events', `${EVENTS}`, '--agents', `${AGENTS}`, '--json'];
  const { code, stdout, stderr } = await runWrit(args, { env: { WRIT_DATA_DIR: dataDir } });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  seeded = JSON.parse(stdout) as Record<string, unknown>;
  writ = await startWrit({ dataDir });
}, 300_000);
afterAll(async () => {
  await writ.stop();
  await rm(folder, { recursive: true, force: true });
});

async function document(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await writ.run([...args, '--json']);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function reading() {
  const { httpUrl, adminKey: apiKey } = writ.connection;
  const { cell } = await readSecrets(join(writ.dataDir, 'secrets.json'));
  return { httpUrl, apiKey, cell, agentId: WORKER };
}

/** Refused for now, as it may be while everything is busy: the same report may be sent again. */
const BUSY = new Set([429, 503, 504]);

/** What an agent says that it did, until it is told to stop; returns how often. */
async function work(isOver: () => boolean): Promise<number> {
  const { httpUrl, adminKey } = writ.connection;
  for (let n = 0; ; n++) {
    if (isOver()) return n;
    const report = {
      executionId: `wall-${n}`,
      agentId: WORKER,
      action: 'paint',
      resource: 'wall:1',
      outcome: 'succeeded',
    };
    const reply = await eventually(async () => {
      const answer = await fetch(`${httpUrl}/v1/executions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(report),
      });
      if (BUSY.has(answer.status)) throw new Error(await answer.text());
      return answer;
    }, PATIENT);
    expect(reply).toMatchObject({ ok: true });
  }
}

test(
  '`bench seed` fills the log of a directory where nothing runs, and of a running cell, with exactly so many events',
  LONG,
  async () => {
    expect(seeded).toMatchObject({ events: EVENTS, agents: AGENTS, policies: true });
    // Before the history there is nothing but the administrator's key.
    expect(seeded).toMatchObject({ lastSeq: EVENTS + 1, container: 'seed-1' });
    const agentId = `seed-1:agent-${AGENTS - 1}`;
    await eventually(async () => (await writ.run(['agents', 'show', agentId])).code === 0, PATIENT);
    const question = ['ask', agentId, 'analyse', 'dataset:rides', '--context', '{"night":false}'];
    expect((await writ.run(question)).code).toBe(0);
    const again = await document('bench', 'seed', '--events', '1000', '--agents', '10');
    expect(again).toMatchObject({ policies: false, lastSeq: EVENTS + 1001 });
    const refused = await writ.run(['bench', 'seed', '--events', '1000', '--agents', '100']);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('need 2103 events'),
    ]);
  },
);

test(
  'while read models are built again nobody who reads them over HTTP sees less, or older',
  LONG,
  async () => {
    await document('agents', 'register', WORKER, '--type', 'painting');
    const look = { ...(await reading()), rows: 500 };
    await eventually(() => lookOverHttp(look).then(() => true), PATIENT);
    let over = false;
    const working = work(() => over);
    const reader = startReader(() => lookOverHttp(look), 5);
    const rebuilt = [];
    try {
      for (const names of [['--all'], ['executions', 'trust']]) {
        const looked = reader.looks;
        rebuilt.push(await document('db', 'rebuild', ...names));
        expect(reader.looks).toBeGreaterThan(looked);
      }
    } finally {
      over = true;
      await Promise.allSettled([working]);
    }
    const reports = await working;
    const seen = () => lookOverHttp(look).then((now) => now['facts of trust'] === reports);
    await eventually(seen, PATIENT);
    await reader.stop();
    expect(rebuilt).toHaveLength(2);
    expect((await writ.run(['doctor', '--deep'])).stdout).toMatch(/equal a fresh fold/);
  },
);
