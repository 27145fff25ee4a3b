import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RunningRole } from '@writ/bus';
import type { EvaluationReply } from '@writ/contracts';
import { eventually, freeze, startTcpProxy } from '@writ/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GovernedBus, questionOf, quiet } from './governed-bus.fixture.ts';
import { startGovernor } from './start-governor.ts';
import { SILENT_MS } from './state/freshness.ts';

const question = questionOf('reader');
const within = { withinMs: 30_000 };
const running: { stop(): Promise<void> }[] = [];
let bus: GovernedBus;
let grantId: string;

beforeEach(async () => {
  bus = await GovernedBus.start();
  grantId = await bus.reader('reader');
  running.push(bus);
});
afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop();
});

async function govern(natsUrl = bus.bus.url): Promise<RunningRole> {
  const { secrets } = bus.bus;
  const governor = await startGovernor({
    secrets,
    natsUrl,
    version: '0.1.0',
    log: quiet,
    name: 'g1',
  });
  running.push(governor);
  return governor;
}

async function governApart(settings: Record<string, string> = {}): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./governor-process.fixture.ts', import.meta.url))],
    {
      env: {
        ...process.env,
        GOVERNOR_URL: bus.bus.url,
        GOVERNOR_SECRETS: JSON.stringify(bus.bus.secrets),
        GOVERNOR_NAME: 'g1',
        ...settings,
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  running.push({
    stop: async () => {
      const exited = once(child, 'exit');
      if (child.kill('SIGKILL')) await exited;
    },
  });
  const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
  expect(said).toBe('ready');
  return child;
}

/** Asks until an answer comes; answers that are lost on the way say nothing. */
const answered = (): Promise<EvaluationReply> => eventually(() => bus.askAsIs(question), within);
const allowed = (): Promise<unknown> =>
  eventually(async () => (await bus.askAsIs(question)).decision, within);

test('a log in which nothing happens keeps its governor in service', async () => {
  const governor = await govern();
  const answers: EvaluationReply[] = [];
  const until = performance.now() + 2 * SILENT_MS;
  while (performance.now() < until) answers.push(await answered());
  expect(answers.length).toBeGreaterThan(0);
  await allowed();
  await eventually(() => governor.ready().ok, within);
});

test('a governor whose connection is cut decides nothing on what it knew before', async () => {
  const proxy = await startTcpProxy(Number(new URL(bus.bus.url).port));
  running.push(proxy);
  const governor = await govern(`nats://127.0.0.1:${proxy.port}`);
  await allowed();
  proxy.loseAnswers();
  await bus.revokeGrant('reader', grantId);
  await eventually(() => !governor.ready().ok, within);
  expect(governor.ready().detail).toContain('not heard from the log');
  proxy.heal();
  const answers: EvaluationReply[] = [];
  await eventually(async () => {
    const answer = await bus.askAsIs(question);
    answers.push(answer);
    return answer.context.code === 'NO_GRANT';
  }, within);
  expect(answers.filter(({ decision }) => decision)).toEqual([]);
});

test('a governor that was paused decides nothing on what it knew before the pause', async () => {
  const child = await governApart();
  await allowed();
  await freeze(child.pid);
  await bus.revokeGrant('reader', grantId);
  const began = performance.now();
  const asked = Array.from({ length: 20 }, () => bus.askAsIs(question));
  await eventually(() => performance.now() - began > SILENT_MS, within);
  child.kill('SIGCONT');
  const answers = await Promise.allSettled(asked);
  for (const answer of answers)
    if (answer.status === 'fulfilled') expect(answer.value.decision).toBe(false);
  await eventually(async () => (await bus.askAsIs(question)).context.code === 'NO_GRANT', within);
});

test.each([3_600_000, -3_600_000])(
  'a governor whose clock is %i ms off the broker’s denies everything',
  async (offMs) => {
    await governApart({ GOVERNOR_CLOCK_OFF_MS: String(offMs) });
    for (let n = 0; n < 5; n++)
      expect(await answered()).toMatchObject({ decision: false, context: { code: 'CLOCK_SKEW' } });
  },
);
