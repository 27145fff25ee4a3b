import { type Logger, openSnapshots } from '@writ/bus';
import type { CommandVerb } from '@writ/contracts';
import { emptyWorld, foldEvent, worldFold, worldToLines } from '@writ/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  agent,
  type Commanders,
  type Given,
  grant,
  startCommanders,
  tenant,
} from './commanders.fixture.ts';
import { seedKey } from './seed-key.testkit.ts';

const [GONE, LATE, WORKER] = ['gonekey000001', 'latekey000001', 'workerkey0001'];

type Question = readonly [verb: CommandVerb, body: unknown, given?: Given];

let cell: Commanders;
/** Commands that store nothing any more, whose answers rest on what a commander holds of agents, keys and grants. */
let questions: readonly Question[];

const started = (name: string) => ({
  executionId: `of-${name}`,
  agentId: `town:${name}`,
  action: 'count',
  resource: 'dataset:bikes',
});

beforeAll(async () => {
  cell = await startCommanders(1);
  const revoked: Question[] = [];
  const live = async (name: string): Promise<void> => {
    await cell.done('registry.register-agent', agent(name));
    const { result } = await cell.done('authority.issue-grant', grant(name));
    await cell.done('authority.revoke-grant', { grantId: result['grantId'] });
    revoked.push(['authority.revoke-grant', { grantId: result['grantId'] }]);
    await cell.done('execution.start', started(name));
  };
  for (const name of ['active', 'suspended', 'retired']) await live(name);
  for (const keyId of [GONE, LATE])
    await seedKey(cell.store, { tenant, keyId, role: 'admin', agents: [] });
  await seedKey(cell.store, { tenant, keyId: WORKER, role: 'agent', agents: ['town:active'] });
  await cell.done('tenancy.revoke-key', { keyId: GONE });
  await cell.done('registry.suspend-agent', { agentId: 'town:suspended' });
  await snapshot();
  await cell.done('registry.retire-agent', { agentId: 'town:retired' });
  await cell.done('tenancy.revoke-key', { keyId: LATE });
  await live('later');
  const names = ['active', 'suspended', 'retired', 'later', 'nobody'];
  questions = [
    ...revoked,
    ...names.map((name): Question => ['execution.start', started(name)]),
    ...['suspended', 'retired'].map(
      (name): Question => [
        'execution.start',
        { ...started(name), executionId: `another-of-${name}` },
      ],
    ),
    ...[GONE, LATE, WORKER, 'nobodyskey001'].map(
      (keyId): Question => [
        'registry.suspend-agent',
        { agentId: 'town:suspended' },
        { key: keyId },
      ],
    ),
    ['execution.start', started('later'), { key: WORKER }],
    ['registry.suspend-agent', { agentId: 'town:suspended' }],
  ];
  await cell.commanders[0]?.stop();
});
afterAll(() => cell?.stop());

async function snapshot(seq?: number): Promise<void> {
  const store = await cell.bus.store('snapshotter-store');
  const world = emptyWorld();
  for (const event of await store.read({ fromSeq: 1, limit: 10_000 })) foldEvent(world, event);
  const snapshots = openSnapshots({
    connection: await cell.bus.connect('snapshotter-store'),
    ingest: cell.bus.secrets.ingest,
    store,
    fold: worldFold,
  });
  expect(await snapshots.save(seq ?? world.seq, worldToLines(world))).toBeDefined();
}

/** What a commander says that starts now, and what it had begun with. */
async function answers(): Promise<{ begun: object | undefined; said: unknown[] }> {
  let begun: object | undefined;
  const log: Logger = {
    debug() {},
    info(fields, text) {
      if (text === 'the log is folded from here on') begun = fields;
    },
    warn() {},
    error() {},
  };
  const { lastSeq } = await cell.store.status();
  const commander = await cell.start(log);
  const said: unknown[] = [];
  for (const [verb, body, given] of questions) said.push(await cell.give(verb, body, given));
  await commander.stop();
  expect((await cell.store.status()).lastSeq).toBe(lastSeq);
  return { begun, said };
}

test('a commander gives the same answers from a snapshot, a broken one, one of the future, and none', async () => {
  const whole = await answers();
  expect(whole.begun).toMatchObject({ seq: expect.toSatisfy((seq: number) => seq > 0) });
  const operator = await cell.bus.connect('operator');
  const { ingest } = cell.bus.secrets;
  await operator.request(`_writ.${ingest}._.snapshot.${worldFold.name}.0.0`, 'something else');
  const broken = await answers();
  expect(broken.begun).toMatchObject({ seq: 0, ignored: { damaged: 1 } });
  await snapshot((await cell.store.status()).lastSeq + 1000);
  const future = await answers();
  expect(future.begun).toMatchObject({ seq: 0, ignored: { beyond_log: 1 } });
  await operator.request('$JS.API.STREAM.DELETE.SNAPSHOTS');
  const none = await answers();
  expect(none.begun).toMatchObject({ seq: 0 });
  for (const { said } of [whole, broken, future]) expect(said).toEqual(none.said);
  const codes = none.said.map((reply) => (reply as { error?: { code: string } }).error?.code);
  expect(new Set(codes)).toEqual(
    new Set([
      undefined,
      'AGENT_UNKNOWN',
      'AGENT_SUSPENDED',
      'AGENT_RETIRED',
      'UNAUTHENTICATED',
      'NOT_ALLOWED',
      'IDENTITY_MISMATCH',
    ]),
  );
}, 60_000);
