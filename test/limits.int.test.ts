/** Limits of grants over four governors and two commanders: exact ones to the use, also over restarts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '@writ/testkit';
import { GovernedCell, questionOf } from './governed-cell.fixture.ts';

const PATIENT = { withinMs: 30_000 };

let cell: GovernedCell;

beforeAll(async () => {
  cell = await GovernedCell.start({ commanders: 2, governors: 4 });
});
afterAll(() => cell?.stop());

/** An agent of its own with one limited grant; questions are asked on a state that has it. */
async function limited(agentId: string, conditions: object, terms: object = {}) {
  await cell.register(agentId);
  const { grantId, token } = await cell.grant(agentId, conditions, terms);
  const ask = (more: object = {}) => cell.ask(agentId, { options: { atLeast: token }, ...more });
  return { grantId, token, ask };
}

const codes = (replies: readonly { decision: boolean; context: { code?: string | undefined } }[]) =>
  replies.map(({ decision, context }) => (decision ? 'allow' : (context.code ?? '')));

describe('`maxUses`', () => {
  test('allows exactly so many of very many questions at once', async () => {
    const { ask } = await limited('race:many', { maxUses: 25 });
    const { doubts } = cell;
    const replies = codes(await Promise.all(Array.from({ length: 200 }, () => ask())));
    const allowed = replies.filter((code) => code === 'allow').length;
    process.stdout.write(`25 uses, 4 governors, 200 at once: ${allowed} allowed\n`);
    expect(allowed).toBeLessThanOrEqual(25);
    expect(allowed + cell.doubts - doubts).toBeGreaterThanOrEqual(25);
    expect(await cell.eventsOf('race:many', 'GrantUseReserved')).toHaveLength(25);
    expect(replies.filter((code) => code === 'LIMIT_REACHED')).toHaveLength(200 - allowed);
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

  /** Asks five times in a batch, for another agent when an answer was in doubt: what that one took stays taken. */
  async function batchOf(name: string, maxUses: number, semantic?: string): Promise<string[]> {
    for (let attempt = 0; ; attempt++) {
      const agentId = `${name}-${attempt}`;
      const { token } = await limited(agentId, { maxUses });
      const { doubts } = cell;
      const replies = await cell.askAll({
        ...questionOf(agentId),
        evaluations: Array.from({ length: 5 }, () => ({})),
        options: { atLeast: token, evaluations_semantic: semantic },
      });
      if (cell.doubts === doubts || attempt === 5) return codes(replies);
    }
  }

  test('in a batch is used by each item for itself, and ends it where its semantic says so', async () => {
    expect(await batchOf('race:ended', 2, 'deny_on_first_deny')).toEqual([
      'allow',
      'allow',
      'LIMIT_REACHED',
    ]);
    const all = await batchOf('race:batch', 3);
    expect(all.toSorted()).toEqual(['LIMIT_REACHED', 'LIMIT_REACHED', 'allow', 'allow', 'allow']);
  });

  test('is not used while another grant without a limit covers the same', async () => {
    await limited('race:both', { maxUses: 1 });
    const { token } = await cell.grant('race:both', {});
    for (let i = 0; i < 3; i++)
      expect((await cell.ask('race:both', { options: { atLeast: token } })).decision).toBe(true);
    expect(await cell.eventsOf('race:both', 'GrantUseReserved')).toEqual([]);
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
    const { ask, token } = await limited('race:alone', { maxUses: 9 });
    await cell.stopCommanders();
    const said = [];
    do {
      const alone = await cell.askOnce('race:alone', { options: { atLeast: token } });
      said.push(...codes([alone]));
    } while (said.at(-1) === 'STALE_STATE');
    expect(said.at(-1)).toBe('LOG_UNAVAILABLE');
    await cell.startCommanders(2);
    expect(codes([await ask()])).toEqual(['allow']);
  });
});

describe('`window`', () => {
  test('is overshot by no more than the governors do not yet know of each other', async () => {
    const limit = 20;
    const { ask } = await limited('rate:many', { window: { limit, seconds: 3600 } });
    let allowed = 0;
    const { doubts } = cell;
    const askAtOnce = async (count: number) => {
      const replies = await Promise.all(Array.from({ length: count }, () => ask()));
      allowed += replies.filter(({ decision }) => decision).length;
      return replies;
    };
    await askAtOnce(200);
    process.stdout.write(`window of ${limit}, 4 governors, 200 at once: ${allowed} allowed\n`);
    expect(allowed + cell.doubts - doubts).toBeGreaterThanOrEqual(limit);
    const last = await eventually(async () => {
      const replies = await askAtOnce(20);
      expect(new Set(codes(replies))).toEqual(new Set(['LIMIT_REACHED']));
      return replies;
    }, PATIENT);
    expect(last[0]?.context.message).toMatch(
      /^\d+ of 20 allows within 3600 seconds are used; there is room in \d+ seconds$/,
    );
    expect(allowed).toBeLessThanOrEqual(4 * limit);
  });

  test('frees again when its time has passed', async () => {
    const { ask } = await limited('rate:short', { window: { limit: 1, seconds: 1 } });
    expect(codes([await ask()])).toEqual(['allow']);
    await eventually(async () => (await ask()).decision, PATIENT);
  });

  test('is read back after every governor was started anew', async () => {
    const { ask } = await limited('rate:restart', { window: { limit: 3, seconds: 3600 } });
    expect(codes([await ask(), await ask(), await ask()])).toEqual(['allow', 'allow', 'allow']);
    await cell.stopGovernors();
    await cell.startGovernors(4);
    expect(codes(await Promise.all([ask(), ask(), ask(), ask()]))).toEqual(
      Array(4).fill('LIMIT_REACHED'),
    );
  });
});

describe('`budget`', () => {
  const spend = async (agentId: string, more: object) =>
    (
      await cell.done('execution.report', {
        agentId,
        action: 'read',
        resource: 'dataset:sales',
        outcome: 'succeeded',
        ...more,
      })
    ).token;

  test('counts what was reported, together with what is expected', async () => {
    const { token } = await limited('money:soft', { budget: { seconds: 3600, costMicros: 100 } });
    const ask = (atLeast: string, estimatedCostMicros?: number) =>
      cell.ask('money:soft', { options: { atLeast }, context: { estimatedCostMicros } });
    expect(codes([await ask(token, 100), await ask(token, 101), await ask(token)])).toEqual([
      'allow',
      'LIMIT_REACHED',
      'allow',
    ]);
    const spent = await spend('money:soft', { costMicros: 70 });
    expect(codes([await ask(spent, 30)])).toEqual(['allow']);
    const { context } = await ask(spent, 31);
    expect(context.message).toMatch(
      /^70 of 100 micros within 3600 seconds are spent, 31 more do not fit; there is room in \d+ seconds$/,
    );
    const over = await spend('money:soft', { costMicros: 60 });
    expect(codes([await ask(over)])).toEqual(['LIMIT_REACHED']);
  });

  test('counts tokens, and only of what the grant covers', async () => {
    await limited('money:tokens', { budget: { seconds: 3600, tokens: 50 } });
    await spend('money:tokens', { action: 'write', tokens: { input: 500, output: 0 } });
    const spent = await spend('money:tokens', { tokens: { input: 20, output: 20 } });
    const ask = (estimatedTokens: number) =>
      cell.ask('money:tokens', { options: { atLeast: spent }, context: { estimatedTokens } });
    expect(codes([await ask(10), await ask(11)])).toEqual(['allow', 'LIMIT_REACHED']);
  });

  test('that is exact reserves what is expected, and settles it by the report', async () => {
    const budget = { seconds: 3600, costMicros: 100, exact: true };
    const { token } = await limited('money:exact', { budget });
    const ask = (atLeast: string, estimatedCostMicros?: number) =>
      cell.ask('money:exact', { options: { atLeast }, context: { estimatedCostMicros } });
    expect((await ask(token)).context).toMatchObject({
      code: 'LIMIT_REACHED',
      message: "the grant's budget is reserved; give `context.estimatedCostMicros`",
    });
    const { doubts } = cell;
    const racing = await Promise.all(Array.from({ length: 40 }, () => ask(token, 10)));
    const allowed = racing.filter(({ decision }) => decision);
    expect(allowed.length).toBeLessThanOrEqual(10);
    expect(allowed.length + cell.doubts - doubts).toBeGreaterThanOrEqual(10);
    expect(await cell.eventsOf('money:exact', 'GrantUseReserved')).toHaveLength(10);
    expect(allowed[0]?.context.obligations).toEqual([
      { kind: 'report', grantId: expect.any(String) },
    ]);
    const decisionId = allowed[0]?.context.decisionId;
    const settled = await spend('money:exact', { decisionId, costMicros: 4 });
    expect(codes([await ask(settled, 7), await ask(settled, 6), await ask(settled, 1)])).toEqual([
      'LIMIT_REACHED',
      'allow',
      'LIMIT_REACHED',
    ]);
  });

  test('is the same after every role was started anew', async () => {
    await limited('money:restart', { budget: { seconds: 3600, tokens: 50 } });
    const spent = await spend('money:restart', { tokens: { input: 45, output: 0 } });
    await cell.stopGovernors();
    await cell.startGovernors(4);
    const ask = (estimatedTokens: number) =>
      cell.ask('money:restart', { options: { atLeast: spent }, context: { estimatedTokens } });
    expect(codes([await ask(5), await ask(6)])).toEqual(['allow', 'LIMIT_REACHED']);
  });
});

describe('a grant that was handed on', () => {
  test('uses up its own limit and that of the grant it comes from, in one', async () => {
    const { grantId, token } = await limited('line:boss', { maxUses: 3 }, { delegable: 1 });
    const children = [];
    for (const name of ['line:one', 'line:two']) {
      await cell.register(name);
      const given = {
        grantId,
        toAgentId: name,
        actions: ['read'],
        resources: ['dataset:*'],
        conditions: { maxUses: 2 },
      };
      children.push((await cell.done('authority.delegate-grant', given)).token);
    }
    const options = { atLeast: children.at(-1) ?? token };
    const ask = (name: string) => cell.ask(name, { options });
    const { doubts } = cell;
    const racing = await Promise.all(
      ['line:one', 'line:two', 'line:boss'].flatMap((name) => [ask(name), ask(name), ask(name)]),
    );
    const allowed = racing.filter(({ decision }) => decision).length;
    expect(allowed).toBeLessThanOrEqual(3);
    expect(allowed + cell.doubts - doubts).toBeGreaterThanOrEqual(3);
    const texts = racing.flatMap(({ context }) => context.reasons.map(({ text }) => text));
    expect(texts).toContain('3 of 3 uses of the grant are used');
  });

  test('spends the budget of the grant it comes from, which then stops everybody', async () => {
    const { grantId } = await limited(
      'line:payer',
      { budget: { seconds: 3600, costMicros: 100 } },
      { delegable: 1 },
    );
    await cell.register('line:clerk');
    await cell.done('authority.delegate-grant', {
      grantId,
      toAgentId: 'line:clerk',
      actions: ['read'],
      resources: ['dataset:*'],
    });
    const { token } = await cell.done('execution.report', {
      agentId: 'line:clerk',
      action: 'read',
      resource: 'dataset:sales',
      outcome: 'succeeded',
      costMicros: 100,
    });
    const options = { atLeast: token };
    expect(
      codes([await cell.ask('line:clerk', { options }), await cell.ask('line:payer', { options })]),
    ).toEqual(['LIMIT_REACHED', 'LIMIT_REACHED']);
  });
});
