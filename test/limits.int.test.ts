/** Limits of grants over four governors and two commanders: exact ones to the use, also over restarts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GovernedCell, questionOf } from './governed-cell.fixture.ts';

let cell: GovernedCell;

beforeAll(async () => {
  cell = await GovernedCell.start({ commanders: 2, governors: 4 });
});
afterAll(() => cell?.stop());

/** An agent of its own with one limited grant; questions are asked on a state that has it. */
async function limited(agentId: string, conditions: object) {
  await cell.register(agentId);
  const { grantId, token } = await cell.grant(agentId, conditions);
  const ask = (more: object = {}) => cell.ask(agentId, { options: { atLeast: token }, ...more });
  return { grantId, token, ask };
}

const codes = (replies: readonly { decision: boolean; context: { code?: string | undefined } }[]) =>
  replies.map(({ decision, context }) => (decision ? 'allow' : (context.code ?? '')));

describe('`maxUses`', () => {
  test('allows exactly so many of very many questions at once', async () => {
    const { ask } = await limited('race:many', { maxUses: 25 });
    const replies = codes(await Promise.all(Array.from({ length: 200 }, () => ask())));
    expect(replies.filter((code) => code === 'allow')).toHaveLength(25);
    expect(replies.filter((code) => code === 'LIMIT_REACHED').length).toBeGreaterThan(100);
  });

  test('says what is used, and records what it was decided on', async () => {
    const { ask, grantId } = await limited('race:told', { maxUses: 1 });
    expect((await ask()).decision).toBe(true);
    const { context } = await ask();
    expect(context).toMatchObject({ code: 'LIMIT_REACHED', outcome: 'deny' });
    expect(context.reasons).toEqual([
      { kind: 'limit', id: grantId, text: '1 of 1 uses of the grant are used' },
    ]);
  });

  test('is given back by the report that nothing was done, and by no other', async () => {
    const { ask } = await limited('race:back', { maxUses: 1 });
    const report = (decisionId: string, outcome: string) =>
      cell.done('execution.report', {
        agentId: 'race:back',
        action: 'read',
        resource: 'dataset:sales',
        decisionId,
        outcome,
      });
    const first = await ask();
    const { token } = await report(first.context.decisionId, 'cancelled');
    const after = { options: { atLeast: token } };
    const second = await cell.ask('race:back', after);
    expect([first.decision, second.decision]).toEqual([true, true]);
    await report(second.context.decisionId, 'succeeded');
    const last = await report(second.context.decisionId, 'cancelled');
    expect(codes([await cell.ask('race:back', { options: { atLeast: last.token } })])).toEqual([
      'LIMIT_REACHED',
    ]);
  });

  test('in a batch is used by each item for itself, and ends it where its semantic says so', async () => {
    const { token } = await limited('race:batch', { maxUses: 2 });
    const evaluations = Array.from({ length: 5 }, () => ({}));
    const batch = (semantic: string) => ({
      ...questionOf('race:batch'),
      evaluations,
      options: { atLeast: token, evaluations_semantic: semantic },
    });
    expect(codes(await cell.askAll(batch('deny_on_first_deny')))).toEqual([
      'allow',
      'allow',
      'LIMIT_REACHED',
    ]);
    const other = await limited('race:batch2', { maxUses: 3 });
    const all = await cell.askAll({
      ...questionOf('race:batch2'),
      evaluations,
      options: { atLeast: other.token },
    });
    expect(codes(all).toSorted()).toEqual([
      'LIMIT_REACHED',
      'LIMIT_REACHED',
      'allow',
      'allow',
      'allow',
    ]);
  });

  test('is not used while another grant without a limit covers the same', async () => {
    const { token } = await limited('race:both', { maxUses: 1 });
    const { token: later } = await cell.grant('race:both', {});
    for (let i = 0; i < 3; i++)
      expect((await cell.ask('race:both', { options: { atLeast: later } })).decision).toBe(true);
    expect(token).not.toBe(later);
  });

  test('counts the same after every role was started anew', async () => {
    const { ask } = await limited('race:restart', { maxUses: 3 });
    expect(codes([await ask(), await ask()])).toEqual(['allow', 'allow']);
    await cell.stopGovernors();
    await cell.stopCommanders();
    await cell.startCommanders(2);
    await cell.startGovernors(4);
    expect(codes(await Promise.all([ask(), ask(), ask()])).toSorted()).toEqual([
      'LIMIT_REACHED',
      'LIMIT_REACHED',
      'allow',
    ]);
  });

  test('denies while nobody can reserve, and allows again afterwards', async () => {
    const { ask } = await limited('race:alone', { maxUses: 9 });
    await cell.stopCommanders();
    expect(codes([await ask()])).toEqual(['LOG_UNAVAILABLE']);
    await cell.startCommanders(2);
    expect(codes([await ask()])).toEqual(['allow']);
  });
});
