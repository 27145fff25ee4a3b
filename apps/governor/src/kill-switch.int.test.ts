import type { RunningRole } from '@writ/bus';
import { type KillSwitchScope, subjects } from '@writ/contracts';
import { decideAccess } from '@writ/domain';
import { openCedar } from '@writ/policy';
import { eventually } from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GovernedBus, questionOf, quiet, tenant } from './governed-bus.fixture.ts';
import { startGovernor } from './start-governor.ts';

const GOVERNORS = 2;
const ASKED = 20;
const GUEST = 'guest';
const GUEST_KEY = 'k0guest0000';

let bus: GovernedBus;
let governors: RunningRole[];

beforeAll(async () => {
  bus = await GovernedBus.start();
  governors = await Promise.all(
    Array.from({ length: GOVERNORS }, (_, n) =>
      startGovernor({
        secrets: bus.bus.secrets,
        natsUrl: bus.bus.url,
        version: '0.1.0',
        log: quiet,
        name: `g${n}`,
      }),
    ),
  );
});
afterAll(async () => {
  await Promise.all(governors.map((governor) => governor.stop()));
  await bus.stop();
});

const turn = (
  type: 'KillSwitchEngaged' | 'KillSwitchReleased',
  scope: KillSwitchScope,
  of = tenant,
): Promise<number> =>
  bus.tell(subjects.killSwitch(of), { type, data: { scope, reason: 'drill' } }, { tenant: of });

/** What each of many equal questions comes to: more than one governor answers, some from memory. */
async function codesOf(agentId: string): Promise<Set<string>> {
  const answers = await Promise.all(
    Array.from({ length: ASKED }, () => bus.ask(questionOf(agentId))),
  );
  return new Set(answers.map(({ context }) => context.code ?? context.outcome));
}

const ALLOWED = new Set(['allow']);
const STOPPED = new Set(['KILL_SWITCH']);

const SCOPES: readonly { readonly scope: KillSwitchScope; readonly says: string }[] = [
  { scope: { kind: 'agent', id: 'one' }, says: 'agent `one`' },
  { scope: { kind: 'type', id: 'reader' }, says: 'every agent of type `reader`' },
  { scope: { kind: 'tenant' }, says: 'every agent of the tenant' },
  { scope: { kind: 'all' }, says: 'every agent of every tenant' },
];

test.each(SCOPES)(
  'a switch of the scope $scope.kind stops an agent that was allowed, until it is released',
  async ({ scope, says }) => {
    if (scope.kind === 'agent') await bus.reader('one');
    expect(await codesOf('one')).toEqual(ALLOWED);
    await turn('KillSwitchEngaged', scope);
    expect(await codesOf('one')).toEqual(STOPPED);
    const { context } = await bus.ask(questionOf('one'));
    expect(context.message).toBe(`the kill switch stops ${says}`);
    await turn('KillSwitchReleased', scope);
    expect(await codesOf('one')).toEqual(ALLOWED);
  },
);

test('a switch leaves others alone', async () => {
  await bus.reader('two');
  await turn('KillSwitchEngaged', { kind: 'agent', id: 'three' });
  await turn('KillSwitchEngaged', { kind: 'type', id: 'writer' });
  await turn('KillSwitchEngaged', { kind: 'tenant' }, GUEST);
  await turn('KillSwitchEngaged', { kind: 'all' }, GUEST);
  expect(await codesOf('two')).toEqual(ALLOWED);
});

test('a switch for everything stops the other tenants too, and what they remember', async () => {
  await bus.tell(
    subjects.key(GUEST, GUEST_KEY),
    {
      type: 'KeyCreated',
      data: {
        keyId: GUEST_KEY,
        name: 'guest',
        role: 'admin',
        agents: [],
        expiresAt: null,
        secretHash: '00',
      },
    },
    { tenant: GUEST },
  );
  await turn('KillSwitchReleased', { kind: 'tenant' }, GUEST);
  await turn('KillSwitchReleased', { kind: 'all' }, GUEST);
  const ofGuest = async () => {
    const { lastSeq } = await bus.store.status();
    const question = questionOf('nobody', { options: { atLeast: bus.token(lastSeq) } });
    const subject = subjects.ask(GUEST, GUEST_KEY, 'permission');
    return (await bus.askOn(subject, question)).context.code;
  };
  expect(await ofGuest()).toBe('AGENT_UNKNOWN');
  expect(await ofGuest()).toBe('AGENT_UNKNOWN');
  await turn('KillSwitchEngaged', { kind: 'all' });
  expect(await ofGuest()).toBe('KILL_SWITCH');
  await turn('KillSwitchReleased', { kind: 'all' });
  expect(await ofGuest()).toBe('AGENT_UNKNOWN');
});

test('a denial by a switch is recorded with the switch, and is decided the same from its record', async () => {
  const evaluate = openCedar().compile('again', { digest: 'sha256:none', policies: {} }).evaluate;
  const denials = await eventually(async () => {
    const records = await bus.recordsNow();
    const found = records.filter(
      (record) => record.kind === 'decision' && record.code === 'KILL_SWITCH',
    );
    expect(found.length).toBeGreaterThanOrEqual(SCOPES.length * ASKED);
    return found;
  });
  for (const record of denials) {
    if (record.kind !== 'decision') continue;
    expect(record.durability).toBe('buffered');
    expect(record.inputs.killSwitch).toBeDefined();
    expect(decideAccess(record.inputs, evaluate)).toMatchObject({
      outcome: 'deny',
      code: 'KILL_SWITCH',
      reasons: record.reasons,
    });
  }
});
