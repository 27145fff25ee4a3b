import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { subjects } from '@writ/contracts';
import { eventually } from '@writ/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ADMIN, agent, type Commanders, startCommanders, tenant } from './commanders.fixture.ts';

let cell: Commanders;
let apart: ChildProcess | undefined;
const said = new Set<unknown>();

beforeAll(async () => {
  cell = await startCommanders(0);
});
afterEach(async () => {
  if (!apart) return;
  const exited = once(apart, 'exit');
  if (apart.kill('SIGKILL')) await exited;
});
afterAll(() => cell?.stop());

async function startApart(offMs: number): Promise<void> {
  const entry = fileURLToPath(new URL('./commander-process.fixture.ts', import.meta.url));
  apart = spawn(process.execPath, [entry], {
    env: {
      ...process.env,
      COMMANDER_CLOCK_OFF_MS: String(offMs),
      COMMANDER_SECRETS: JSON.stringify(cell.bus.secrets),
      COMMANDER_NATS_URL: cell.bus.url,
      COMMANDER_DATABASE_URL: cell.database.url,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  said.clear();
  apart.on('message', (word) => said.add(word));
  await hears('ready');
}

function hears(word: string): Promise<boolean> {
  return eventually(
    () => {
      expect(apart?.exitCode).toBeNull();
      return said.has(word);
    },
    { withinMs: 30_000 },
  );
}

test.each([5000, -5000])(
  'a commander whose clock is %i ms off the broker’s stores nothing, and takes nothing from INBOX',
  async (offMs) => {
    const operator = await cell.bus.connect('operator');
    const posted = subjects.inbox({ tenant, key: ADMIN, verb: 'registry.register-agent' });
    await operator.request(posted, JSON.stringify(agent('posted')), { timeout: 5000 });
    const { lastSeq } = await cell.store.status();
    await startApart(offMs);
    for (let n = 0; n < 5; n++)
      expect(await cell.refused('registry.register-agent', agent('early'))).toMatchObject({
        code: 'CLOCK_SKEW',
        message: expect.stringContaining('set the clock'),
      });
    await hears('the inbox waits');
    const reply = await operator.request('$JS.API.CONSUMER.INFO.INBOX.commander');
    expect(reply.json()).toMatchObject({ num_ack_pending: 0, delivered: { consumer_seq: 0 } });
    expect((await cell.store.status()).lastSeq).toBe(lastSeq);
  },
);

test('a commander whose clock is 200 ms off works', async () => {
  await startApart(200);
  expect((await cell.done('registry.register-agent', agent('near'))).events).toHaveLength(1);
});
