import type { RunningRole } from '@writ/bus';
import { type DecisionRecord, type EvaluationReply, subjects } from '@writ/contracts';
import { type Redecision, redecide } from '@writ/domain';
import { openCedar, schemaDigest } from '@writ/policy';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Body, GovernedBus, questionOf, quiet, tenant } from './governed-bus.fixture.ts';
import { startGovernor } from './start-governor.ts';

let bus: GovernedBus;
let governor: RunningRole;
let asked = 0;

beforeAll(async () => {
  bus = await GovernedBus.start();
  await bus.reader('reader');
  await bus.register('limited');
  await bus.grant('limited', { conditions: { window: { limit: 5, seconds: 3600 } } });
  governor = await startGovernor({
    secrets: bus.bus.secrets,
    natsUrl: bus.bus.url,
    version: '0.1.0',
    log: quiet,
    name: 'g1',
  });
});
afterAll(async () => {
  await governor.stop();
  await bus.stop();
});

async function ask(context: Body, changes: Body = {}): Promise<EvaluationReply> {
  asked += 1;
  return bus.ask(questionOf('reader', { context, ...changes }));
}

async function lastRecord(): Promise<DecisionRecord> {
  const last = (await bus.records(asked)).findLast(({ kind }) => kind === 'decision');
  if (last?.kind !== 'decision') throw new Error('nothing is recorded');
  return last;
}

const when = (body: string): string => `forbid (principal, action, resource) when { ${body} };`;

test('what a log-only policy would have denied is in the answer and in the record', async () => {
  await bus.activate({
    rows: when('context has rows && context.rows > 1000'),
    fewer: `@mode("log_only") ${when('context has rows && context.rows > 10')}`,
    shares: `@mode("log_only") ${when('context has share && context.share > 50')}`,
  });
  const flipped = await ask({ rows: 50, share: 0.5 });
  expect(flipped).toMatchObject({
    decision: true,
    context: { outcome: 'allow', policies: ['base.grants'], wouldDeny: ['fewer', 'shares'] },
  });
  expect(await lastRecord()).toMatchObject({
    wouldDeny: ['fewer', 'shares'],
    inputs: {
      request: { context: { rows: 50 } },
      logOnly: { context: { rows: 50 }, unusable: ['share'] },
    },
  });
  const remembered = [await ask({ rows: 50 }), await ask({ rows: 50 }), await ask({ rows: 50 })];
  expect(remembered.map(({ context }) => context.wouldDeny)).toEqual(Array(3).fill(['fewer']));
  expect((await ask({ rows: 5 })).context).not.toHaveProperty('wouldDeny');
  expect((await ask({ rows: 5000 })).context).not.toHaveProperty('wouldDeny');
});

test('a policy has the decisions that it covers recorded before they are answered', async () => {
  await bus.activate({
    listed:
      '@record("required") forbid (principal, action == Action::"read", resource) when { false };',
  });
  await ask({});
  expect(await lastRecord()).toMatchObject({ outcome: 'allow', durability: 'required' });
});

test('under a schema only what it declares reaches the policies, and only as its type', async () => {
  const schema = `action "read" appliesTo {
    principal: [Agent], resource: [Resource], context: { rows: Long, note?: String }
  };`;
  const digest = schemaDigest('cedar', schema);
  await bus.tell(subjects.policies(tenant), {
    type: 'SchemaPublished',
    data: { version: '1', engine: 'cedar', schema, digest, note: null },
  });
  await bus.activate({
    rows: 'forbid (principal, action == Action::"read", resource) when { context.rows > 1000 };',
  });
  expect(await ask({ rows: 5, other: 1 })).toMatchObject({
    decision: true,
    context: { ignored: ['other'] },
  });
  expect((await lastRecord()).inputs).toMatchObject({
    request: { context: { rows: 5 } },
    schema: { version: '1', digest },
  });
  for (const [context, text] of [
    [{ rows: '5' }, '`context.rows` must be Long, as the schema says, not text'],
    [{}, '`context.rows` is missing; the schema requires it'],
    [{ rows: 1, note: 7 }, '`context.note` must be String, as the schema says, not 7'],
  ] as const)
    expect(await ask(context)).toMatchObject({
      decision: false,
      context: { code: 'ENGINE_ERROR', reasons: [{ text }] },
    });
});

test('a schema that is withdrawn holds nobody any more', async () => {
  const digest = schemaDigest('cedar', null);
  await bus.tell(subjects.policies(tenant), {
    type: 'SchemaPublished',
    data: { version: '2', engine: 'cedar', schema: null, digest, note: null },
  });
  expect(await ask({ rows: 5, note: 7 })).toMatchObject({ decision: true });
});

test('going back makes the version that was active before decide again', async () => {
  const data = { version: '1', digest: '', superseded: '3', reason: null };
  await bus.tell(subjects.policies(tenant), { type: 'PoliciesRolledBack', data });
  expect(await ask({ rows: 50 })).toMatchObject({ context: { wouldDeny: ['fewer'] } });
});

test('everything that was decided here is decided again, to the byte, from its record', async () => {
  const random = numbers(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const sets: readonly Record<string, string>[] = [
    {
      b: when('principal.trust < 900 && context has rows'),
      a: when('(context has note || context.rows > 3) && context.rows > 3'),
      c: `@mode("log_only") ${when('context has note && context.note like "*x*"')}`,
    },
    {
      d: when('context has rows && context.rows * 922337203685477580 > 3'),
      e: `@record("required") @mode("log_only") ${when('principal.trust < 900')}`,
    },
  ];
  // The denials of one key within a second are counted together beyond a bound.
  const keys = Array.from({ length: 20 }, (_, i) => `k0redecide${i}`);
  for (const key of keys) await bus.createKey(key, 'admin', []);
  for (const set of sets) {
    await bus.activate(set);
    const { lastSeq } = await bus.store.status();
    const options = { atLeast: bus.token(lastSeq) };
    for (let round = 0; round < 10; round++)
      await Promise.all(
        Array.from({ length: 60 }, (_, i) => {
          const context = {
            ...pick([{}, { rows: 2 }, { rows: 5 }, { rows: 12 }, { rows: 1.5 }]),
            ...pick([{}, { note: 'axb' }, { note: null }]),
          };
          const action = { name: pick(['read', 'read', 'write']) };
          asked += 1;
          const question = questionOf(pick(['reader', 'reader', 'limited', 'nobody']), {
            context,
            action,
            options,
          });
          return bus.askUntilSure(question, keys[i % keys.length]);
        }),
      );
  }
  const engine = openCedar();
  const published = await bus.store.read({ fromSeq: 1, limit: 1000 });
  const compiledBy = new Map(
    published.flatMap((event) =>
      event.type === 'PoliciesPublished'
        ? [[event.data.version, engine.compile(event.data.version, event.data)] as const]
        : [],
    ),
  );
  const decisions = (await bus.records(asked)).filter((record) => record.kind === 'decision');
  const outcomes = new Map<string, number>();
  const differing: Redecision[] = [];
  for (const record of decisions) {
    const compiled = compiledBy.get(record.inputs.policies.version ?? '');
    if (!compiled) throw new Error(`version ${record.inputs.policies.version} is not published`);
    const again = redecide(record, compiled.evaluate);
    if (!again.same) differing.push(again);
    const kind = record.code ?? (record.wouldDeny ? 'allow, would deny' : 'allow');
    outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
  }
  process.stdout.write(
    `redecide: ${decisions.length} decisions, ${differing.length} differ; ${JSON.stringify(Object.fromEntries(outcomes))}\n`,
  );
  expect(differing).toEqual([]);
  expect([...outcomes.keys()].sort()).toEqual([
    'AGENT_UNKNOWN',
    'ENGINE_ERROR',
    'LIMIT_REACHED',
    'NO_GRANT',
    'POLICY_FORBIDS',
    'TRUST_TOO_LOW',
    'allow',
    'allow, would deny',
  ]);
});

test('a record that was tampered with is told apart', async () => {
  const record = await lastRecord();
  const { evaluate } = openCedar().compile('again', { digest: 'sha256:none', policies: {} });
  const outcome = record.outcome === 'allow' ? 'deny' : 'allow';
  expect(redecide({ ...record, outcome }, evaluate).same).toBe(false);
});

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
