import { type Logger, openSnapshots, type RunningRole } from '@writ/bus';
import type { EvaluationReply } from '@writ/contracts';
import { emptyWorld, foldEvent, worldFold, worldToLines } from '@writ/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GovernedBus, questionOf } from './governed-bus.fixture.ts';
import { startGovernor } from './start-governor.ts';

let bus: GovernedBus;
const running: RunningRole[] = [];
const said: [object, string | undefined][] = [];
const log: Logger = {
  debug() {},
  info: (fields, text) => void said.push([fields, text]),
  warn: (fields, text) => void said.push([fields, text]),
  error: (fields, text) => void said.push([fields, text]),
};

beforeEach(async () => {
  bus = await GovernedBus.start();
});
afterEach(async () => {
  for (const role of running.splice(0)) await role.stop();
  await bus.stop();
  said.length = 0;
});

async function govern(name: string): Promise<RunningRole> {
  const { secrets, url } = bus.bus;
  const governor = await startGovernor({ secrets, natsUrl: url, version: '0.1.0', log, name });
  running.push(governor);
  return governor;
}

/** Makes a snapshot of the log as it is; returns its sequence. */
async function snapshot(): Promise<number> {
  const store = await bus.bus.store('snapshotter-store');
  const world = emptyWorld();
  for (const event of await store.read({ fromSeq: 1, limit: 10_000 })) foldEvent(world, event);
  const snapshots = openSnapshots({
    connection: await bus.bus.connect('snapshotter-store'),
    ingest: bus.bus.secrets.ingest,
    store,
    fold: worldFold,
  });
  expect(await snapshots.save(world.seq, worldToLines(world))).toMatchObject({ seq: world.seq });
  return world.seq;
}

const begunAt = () =>
  said.filter(([, text]) => text === 'the log is folded from here on').map(([fields]) => fields);

const questions = [
  questionOf('reader'),
  questionOf('reader', { action: { name: 'write' } }),
  questionOf('frozen'),
  questionOf('gone'),
  questionOf('later'),
  questionOf('taken'),
  questionOf('nobody'),
];

/** A small history: half of it before the snapshot, half after. */
async function live(): Promise<number> {
  for (const agentId of ['reader', 'frozen', 'gone', 'taken']) await bus.reader(agentId);
  await bus.rate('reader', 0.9);
  await bus.activate({ freeze: 'forbid (principal == Agent::"frozen", action, resource);' });
  const grantId = await bus.grant('taken', { actions: ['read', 'write'] });
  const seq = await snapshot();
  await bus.change('gone', 'AgentSuspended');
  await bus.reader('later');
  await bus.revokeGrant('taken', grantId);
  await bus.rate('reader', 0.1, 'major');
  return seq;
}

test('a governor begins at the snapshot, and decides on the same inputs as one that folded all of the log', async () => {
  const seq = await live();
  let asked = 0;
  const answer = async () => {
    const answers: EvaluationReply[] = [];
    for (const body of questions) answers.push(await bus.ask(body));
    asked += questions.length;
    const decided = (await bus.records(asked)).flatMap((record) =>
      record.kind === 'decision' ? [record.inputs] : [],
    );
    return {
      // Only the clock may differ.
      inputs: decided.slice(-questions.length).map((inputs) => ({ ...inputs, nowMs: 0 })),
      outcomes: answers.map(({ context }) => [context.outcome, context.code, context.seq]),
    };
  };
  await govern('g1');
  const fromSnapshot = await answer();
  await running.pop()?.stop();
  await bus.operate('STREAM.DELETE.SNAPSHOTS');
  await govern('g1');
  const fromAll = await answer();
  expect(begunAt()).toMatchObject([{ seq }, { seq: 0 }]);
  expect(fromSnapshot.outcomes).toEqual(fromAll.outcomes);
  expect(fromSnapshot.outcomes.map(([outcome]) => outcome)).toContain('allow');
  expect(fromSnapshot.inputs).toEqual(fromAll.inputs);
});

test('an answer that is kept for an agent of the snapshot is given no more when the agent is stopped', async () => {
  await live();
  await govern('g1');
  for (let n = 0; n < 3; n++) expect((await bus.ask(questionOf('reader'))).decision).toBe(true);
  await bus.change('reader', 'AgentSuspended');
  expect(await bus.ask(questionOf('reader'))).toMatchObject({
    decision: false,
    context: { code: 'AGENT_SUSPENDED' },
  });
});

test('a governor that finds no snapshot it can use says why and folds the log', async () => {
  await live();
  const operator = await bus.bus.connect('operator');
  const { ingest } = bus.bus.secrets;
  await operator.request(`_writ.${ingest}._.snapshot.${worldFold.name}.0.0`, 'something else');
  await govern('g1');
  expect(said).toContainEqual([
    expect.objectContaining({ reason: 'damaged' }),
    'a snapshot is ignored',
  ]);
  expect(begunAt()).toMatchObject([{ seq: 0, ignored: { damaged: 1 } }]);
  expect((await bus.ask(questionOf('reader'))).decision).toBe(true);
});
