import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RunningRole } from '@writ/bus';
import type { EvaluationReply } from '@writ/contracts';
import { eventually, freeze } from '@writ/testkit';
import { afterEach, expect, test } from 'vitest';
import { GovernedBus, questionOf, quiet } from './governed-bus.fixture.ts';
import { startGovernor } from './start-governor.ts';

const good = questionOf('reader');
const required = { ...good, options: { record: 'required' } };
const running: { stop(): Promise<void> }[] = [];

async function start(...options: Parameters<typeof GovernedBus.start>): Promise<GovernedBus> {
  const bus = await GovernedBus.start(...options);
  running.push(bus);
  await bus.reader('reader');
  return bus;
}

async function govern(bus: GovernedBus): Promise<RunningRole> {
  const governor = await startGovernor({
    secrets: bus.bus.secrets,
    natsUrl: bus.bus.url,
    version: '0.1.0',
    log: quiet,
    name: 'g1',
  });
  running.push(governor);
  return governor;
}

afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop();
});

test('what must be recorded is in the log when the answer comes', async () => {
  const bus = await start();
  await govern(bus);
  for (const body of [required, questionOf('nobody')]) {
    const { context } = await bus.askUntilSure(body);
    expect(
      (await bus.recordsNow()).map(
        (record) => record.kind === 'decision' && [record.decisionId, record.durability],
      ),
    ).toContainEqual([context.decisionId, 'required']);
  }
  const { context } = await bus.askUntilSure(good);
  const records = await bus.records(3);
  expect(records.at(-1)).toMatchObject({
    kind: 'decision',
    decisionId: context.decisionId,
    durability: 'buffered',
  });
});

test('a flood of denials is recorded up to a bound, counted beyond it, and every one is in the sum', async () => {
  const bus = await start();
  const governor = await govern(bus);
  const flood = Array.from({ length: 600 }, () => bus.askUntilSure(questionOf('nobody')));
  const ids = (await Promise.all(flood)).map(({ context }) => context.decisionId);
  await governor.stop();
  const records = await bus.recordsNow();
  const listed = records.filter((record) => record.kind === 'decision');
  const counted = records.filter((record) => record.kind === 'denials');
  const sum = counted.reduce((total, { count }) => total + count, 0);
  expect(sum).toBeGreaterThan(0);
  expect(listed.length + sum).toBe(600);
  expect(new Set(ids)).toEqual(
    new Set([...listed, ...counted].map(({ decisionId }) => decisionId)),
  );
});

test('a full decision log denies, and answers go on where they stopped when there is room', async () => {
  const bus = await start({ maxBytes: { decisions: 64 * 1024 } });
  await govern(bus);
  const last = await eventually(async () => {
    const reply = await bus.askAsIs(required);
    if (reply.decision) throw new Error('the log is not full yet');
    return reply;
  });
  expect(last).toMatchObject({
    decision: false,
    context: { code: 'LOG_UNAVAILABLE', message: expect.stringContaining('can not be recorded') },
  });
  expect(await bus.askAsIs(good)).toMatchObject({
    decision: false,
    context: { code: 'LOG_UNAVAILABLE' },
  });
  expect(await bus.askAsIs(questionOf('nobody'))).toMatchObject({
    context: { code: 'LOG_UNAVAILABLE' },
  });

  const { config } = await bus.operate('STREAM.INFO.DECISIONS');
  await bus.operate('STREAM.UPDATE.DECISIONS', {
    ...(config as object),
    max_bytes: 16 * 1024 * 1024,
  });
  await eventually(async () => (await bus.askAsIs(required)).decision);
  const numbers = (await bus.recordsNow()).map(({ n }) => n).toSorted((a, b) => a - b);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});

async function governApart(bus: GovernedBus): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./governor-process.fixture.ts', import.meta.url))],
    {
      env: {
        ...process.env,
        GOVERNOR_URL: bus.bus.url,
        GOVERNOR_SECRETS: JSON.stringify(bus.bus.secrets),
        GOVERNOR_NAME: 'g1',
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  await once(child, 'message');
  return child;
}

test('a boot after a crash says how many records may be missing; one after an orderly stop says nothing', async () => {
  const bus = await start();
  const crashing = await governApart(bus);
  for (let i = 0; i < 5; i++) await bus.askUntilSure(required);
  crashing.kill('SIGKILL');
  await once(crashing, 'exit');

  const second = await govern(bus);
  await bus.askUntilSure(required);
  await second.stop();
  running.pop();
  const records = await bus.recordsNow();
  const [first] = records;
  expect(records.map(({ kind, n }) => [kind, n])).toEqual(
    [1, 2, 3, 4, 5]
      .map((n) => ['decision', n] as [string, number])
      .concat([
        ['gap', 1],
        ['decision', 2],
        ['end', 3],
      ]),
  );
  expect(records[5]).toMatchObject({
    kind: 'gap',
    previousBoot: first?.boot,
    lastRecorded: 5,
    mayBeMissing: 1000,
  });

  await govern(bus);
  await bus.askUntilSure(required);
  expect((await bus.recordsNow()).slice(8).map(({ kind, n }) => [kind, n])).toEqual([
    ['decision', 1],
  ]);
});

test('without the log for two seconds everything is stale, the governor leaves, and it comes back with the log', async () => {
  const bus = await start();
  const governor = await govern(bus);
  expect((await bus.askAsIs(good)).decision).toBe(true);
  const [pid = 0] = bus.bus.pids();
  await freeze(pid);
  await eventually(() => !governor.ready().ok);
  expect(governor.ready().detail).toContain('not heard from the log');
  process.kill(pid, 'SIGCONT');
  await eventually(async () => (await bus.askAsIs(good)).decision);

  await bus.bus.kill();
  await eventually(() => !governor.ready().ok);
  await bus.bus.restart();
  await eventually(async () => (await bus.askAsIs(good)).decision);
  await eventually(() => governor.ready().ok);
});

test('a governor stops although the bus is gone', async () => {
  const bus = await start();
  const governor = await govern(bus);
  await bus.askAsIs(good);
  await bus.bus.kill();
  await governor.stop();
  running.pop();
  expect(governor.ready()).toEqual({ ok: false, detail: 'not connected to the bus' });
});

test('a log that is gone makes answers stale denies, and then the governor leaves', async () => {
  const bus = await start();
  const governor = await govern(bus);
  await bus.operate('STREAM.DELETE.EVENTS-1');
  const codes = new Set<string | undefined>();
  await eventually(async () => {
    const reply = await bus.askAsIs(good).catch((): EvaluationReply | undefined => undefined);
    if (reply) codes.add(reply.context.code);
    return reply === undefined;
  });
  // How many questions come between the doubt and the leaving is a matter of moments.
  expect([...codes].filter((code) => code !== undefined && code !== 'STALE_STATE')).toEqual([]);
  expect(governor.ready().ok).toBe(false);
});

test('two governors share the questions, and one that stops loses none of them', async () => {
  const bus = await start();
  const options = { secrets: bus.bus.secrets, natsUrl: bus.bus.url, version: '0.1.0', log: quiet };
  const [one, two] = await Promise.all(
    ['g1', 'g2'].map((name) => startGovernor({ ...options, name })),
  );
  if (!one || !two) throw new Error('no governors');
  running.push(two);
  const ask = (length: number) => Array.from({ length }, async () => bus.askAsIs(good));
  const shared = await Promise.all(ask(100));
  const asking = ask(400);
  const stopping = one.stop();
  const answers = [...shared, ...(await Promise.all(asking))];
  await stopping;
  expect(answers.every(({ decision }) => decision)).toBe(true);
  const decided = (await bus.records(500)).filter(({ kind }) => kind === 'decision');
  expect(new Set(decided.map(({ governor }) => governor)).size).toBe(2);
});
