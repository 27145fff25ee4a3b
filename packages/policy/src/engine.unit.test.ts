import type { PolicyVerdict } from '@writ/domain';
import { describe, expect, test } from 'vitest';
import { policyDigest } from './digest.ts';
import { type CompiledPolicies, openCedar } from './engine.ts';
import { inputsWith } from './inputs.fixture.ts';

const engine = openCedar();

function compile(policies: Record<string, string>, slot = 'test'): CompiledPolicies {
  return engine.compile(slot, { digest: policyDigest('cedar', policies), policies });
}

const when = (body: string): string => `forbid (principal, action, resource) when { ${body} };`;
const allowed = {
  effect: 'allow',
  determining: ['base.grants'],
  errors: [],
  trustDecides: false,
} satisfies PolicyVerdict;
const forbidden = (...determining: string[]): PolicyVerdict => ({
  effect: 'deny',
  determining,
  errors: [],
  trustDecides: false,
});
const untrusted = (...determining: string[]): PolicyVerdict => ({
  ...forbidden(...determining),
  trustDecides: true,
});

type Case = readonly [
  what: string,
  policy: string,
  changes: Parameters<typeof inputsWith>[0],
  verdict: PolicyVerdict,
];

const cases: readonly Case[] = [
  [
    'a forbid of another action does not apply',
    'forbid (principal, action == Action::"write", resource);',
    {},
    allowed,
  ],
  [
    'a forbid of this action applies',
    'forbid (principal, action == Action::"read", resource);',
    {},
    forbidden('p'),
  ],
  [
    'an action in a list applies',
    'forbid (principal, action in [Action::"x", Action::"read"], resource);',
    {},
    forbidden('p'),
  ],
  [
    'a named resource applies to itself',
    'forbid (principal, action, resource == Resource::"dataset:sales");',
    {},
    forbidden('p'),
  ],
  [
    'a named resource leaves others alone',
    'forbid (principal, action, resource == Resource::"dataset:salary");',
    {},
    allowed,
  ],
  [
    'a named agent applies to itself',
    'forbid (principal == Agent::"lab:reader", action, resource);',
    {},
    forbidden('p'),
  ],
  ['a type of resource applies', when('resource.type == "dataset"'), {}, forbidden('p')],
  ['another type of resource does not', when('resource.type == "host"'), {}, allowed],
  [
    'enough trust passes',
    'forbid (principal, action, resource) unless { principal.trust >= 500 };',
    { trust: 500 },
    allowed,
  ],
  [
    'too little trust is told apart',
    'forbid (principal, action, resource) unless { principal.trust >= 501 };',
    { trust: 500 },
    untrusted('p'),
  ],
  [
    'full trust that would not help is no matter of trust',
    when('principal.trust < 2000'),
    {},
    forbidden('p'),
  ],
  ['the type of the agent', when('principal.type == "reader"'), {}, forbidden('p')],
  [
    'the container of the agent',
    when('principal has container && principal.container == "lab"'),
    {},
    forbidden('p'),
  ],
  ['no container', when('principal has container'), { agentId: 'solo' }, allowed],
  ['the name of the agent', when('principal.name == "reader"'), {}, forbidden('p')],
  ['capabilities', when('!principal.capabilities.contains("csv")'), {}, allowed],
  [
    'labels',
    when('principal.labels has env && principal.labels.env == "prod"'),
    {},
    forbidden('p'),
  ],
  ['the agent named by its id', when('Agent::"lab:reader" has owner'), {}, forbidden('p')],
  [
    'the resource named by its id',
    when('Resource::"dataset:sales".type == "dataset"'),
    {},
    forbidden('p'),
  ],
  ['no owner', when('principal has owner'), { agent: { owner: null } }, allowed],
  [
    'words of the context',
    when('context.query like "*drop*"'),
    { context: { query: 'a drop b' } },
    forbidden('p'),
  ],
  [
    'records of the context',
    when('context.resource.pii'),
    { context: { resource: { pii: true } } },
    forbidden('p'),
  ],
  [
    'Unicode ids',
    'forbid (principal, action, resource == Resource::"dataset:naïve 😀");',
    { resource: { type: 'dataset', id: 'naïve 😀' } },
    forbidden('p'),
  ],
  [
    'quotes in ids',
    String.raw`forbid (principal, action, resource == Resource::"dataset:a\"b\\c");`,
    { resource: { type: 'dataset', id: String.raw`a"b\c` } },
    forbidden('p'),
  ],
];

describe('a policy decides by', () => {
  test.each(cases)('%s', (_what, policy, changes, verdict) => {
    expect(compile({ p: policy }).evaluate(inputsWith(changes))).toEqual(verdict);
  });
});

test('a missing attribute is an error, never an allow', () => {
  const { evaluate } = compile({ p: when('context.amount > 3') });
  expect(evaluate(inputsWith()).errors).toEqual([
    expect.stringContaining('policy `p`: record does not have the attribute `amount`'),
  ]);
});

test('missing trust is an error where trust is read', () => {
  const { evaluate } = compile({
    p: 'forbid (principal, action, resource) unless { principal.trust >= 1 };',
  });
  expect(evaluate(inputsWith({ trust: null })).errors).toHaveLength(1);
});

test('a value of another type is an error', () => {
  const { evaluate } = compile({ p: when('context.amount > 3') });
  expect(evaluate(inputsWith({ context: { amount: 'many' } })).errors).toHaveLength(1);
});

test('without an agent or a grant nothing is allowed', () => {
  const { evaluate } = compile({});
  expect(evaluate(inputsWith({ agent: null })).errors).toHaveLength(1);
  expect(evaluate(inputsWith({ grants: [] }))).toEqual(forbidden());
});

test('no policies at all leave the grants to decide', () => {
  expect(compile({}).evaluate(inputsWith())).toEqual(allowed);
});

test('all forbids that apply determine, sorted', () => {
  const policies = Object.fromEntries(
    ['c', 'a', 'b'].map((id) => [id, 'forbid (principal, action, resource);']),
  );
  for (let i = 0; i < 20; i++)
    expect(compile(policies).evaluate(inputsWith())).toEqual(forbidden('a', 'b', 'c'));
});

test('trust decides only when every forbid that applies is about trust', () => {
  const byTrust = 'forbid (principal, action, resource) unless { principal.trust >= 600 };';
  const flat = 'forbid (principal, action, resource);';
  expect(compile({ a: byTrust, b: byTrust }).evaluate(inputsWith())).toEqual(untrusted('a', 'b'));
  expect(compile({ a: byTrust, b: flat }).evaluate(inputsWith())).toEqual(forbidden('a', 'b'));
});

test.each([
  ['does not parse', { p: 'forbid (' }],
  ['is a permit', { p: 'permit (principal, action, resource);' }],
  ['is too deep', { p: when(`${'context.a || '.repeat(2000)}true`) }],
])('a set with a policy that %s denies everything', (_what, policies) => {
  expect(compile(policies).evaluate(inputsWith()).errors).toEqual([
    expect.stringMatching(/^policy `p` .*\(line \d+, column \d+\)$/),
  ]);
});

test('a set that is not of its digest denies everything', () => {
  const set = { digest: 'sha256:else', policies: { p: when('false') } };
  expect(engine.compile('test', set).evaluate(inputsWith()).errors).toHaveLength(1);
});

test('a set that was replaced in its slot evaluates no more', () => {
  const first = compile({ p: when('false') }, 'replaced');
  compile({ p: when('true') }, 'replaced');
  expect(first.evaluate(inputsWith()).errors).toHaveLength(1);
});

test('sets in different slots do not touch each other', () => {
  const first = compile({ p: when('true') }, 'one');
  const second = compile({ p: when('principal.trust < 0') }, 'two');
  expect(first.evaluate(inputsWith())).toEqual(forbidden('p'));
  expect(second.evaluate(inputsWith())).toEqual(allowed);
});

test('memory stays flat over a thousand sets in the same slot', () => {
  const setOf = (n: number): Record<string, string> =>
    Object.fromEntries(
      Array.from({ length: 5 }, (_, i) => [`p${i}`, when(`context.a == "${n}-${i}"`)]),
    );
  const ask = inputsWith({ context: { a: 'x' } });
  const run = (from: number, to: number): void => {
    for (let n = from; n < to; n++)
      if (compile(setOf(n), 'flat').evaluate(ask).effect === 'deny') throw new Error('denied');
  };
  run(0, 50);
  // The engine's memory is outside the heap; a leak of the parsed sets would be 5 × 1.6 kB × 1000 = 8 MB.
  const before = process.memoryUsage().external;
  run(50, 1050);
  expect(process.memoryUsage().external - before).toBeLessThan(3_000_000);
}, 60_000);
