import fc from 'fast-check';
import { expect, test } from 'vitest';
import { appliesTo } from './cedar/applies.ts';
import { parsePolicy } from './cedar/parse.ts';
import { createSlicer, MAX_SLICES } from './cedar/slices.ts';
import { loadCedar } from './cedar/wasm.ts';
import { policyDigest } from './digest.ts';
import { openCedar } from './engine.ts';
import { inputsWith } from './inputs.fixture.ts';

const engine = openCedar();
const cedar = loadCedar();

const oneOf = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const principal = oneOf(
  'principal',
  'principal == Agent::"lab:reader"',
  'principal == Agent::"solo"',
  'principal is Agent',
  'principal in Agent::"solo"',
);
const action = oneOf(
  'action',
  'action == Action::"read"',
  'action == Action::"write"',
  'action in [Action::"read", Action::"move"]',
  'action in Action::"move"',
  'action in []',
);
const resource = oneOf(
  'resource',
  'resource == Resource::"dataset:sales"',
  'resource == Resource::"host:a:b"',
  'resource is Resource',
  'resource in Resource::"dataset:sales"',
);
const test1 = oneOf(
  'resource.type == "dataset"',
  '"host" == resource.type',
  '["host", "file"].contains(resource.type)',
  'resource.type != "dataset"',
  'context.n > 2',
  'context.missing == 1',
  'context has n && context.n < 5',
  'principal.trust < 600',
  'resource.id == "sales"',
  'principal.labels has env && principal.labels.env == "prod"',
  '[resource.type].contains("dataset")',
);
const body = fc.tuple(test1, oneOf('&&', '||'), test1).map(([a, op, b]) => `(${a}) ${op} (${b})`);
const chain = fc.array(test1, { minLength: 1, maxLength: 3 }).map((tests) => tests.join(' && '));
const clause = fc
  .tuple(oneOf('when', 'unless'), fc.oneof(body, chain, test1))
  .map(([kind, text]) => `${kind} { ${text} }`);
const policy = fc
  .tuple(principal, action, resource, fc.array(clause, { maxLength: 2 }))
  .map(([p, a, r, clauses]) => `forbid (${p}, ${a}, ${r}) ${clauses.join(' ')};`);
const policies = fc
  .array(policy, { maxLength: 8 })
  .map((texts) => Object.fromEntries(texts.map((text, i) => [`p${i}`, text])));

const question = fc.record({
  agentId: oneOf('lab:reader', 'solo', 'other'),
  action: oneOf('read', 'write', 'move', 'else'),
  resource: fc.record({ type: oneOf('dataset', 'host', 'file'), id: oneOf('sales', 'a:b') }),
  context: fc.record({ n: fc.integer({ min: 0, max: 6 }) }, { requiredKeys: [] }),
  trust: oneOf('0', '599', '600').map(Number),
});

/** The whole set, parsed and asked without slices; the errors of policies that apply nowhere count too. */
function askWhole(texts: Record<string, string>, asked: ReturnType<typeof inputsWith>): unknown {
  const {
    agentId,
    action: name,
    resource: { type, id },
    context,
  } = asked.request;
  const { agent, trust } = asked;
  const attrs = {
    trust: trust?.score ?? 0,
    type: agent?.type ?? '',
    version: agent?.version ?? '',
    owner: agent?.owner ?? '',
    capabilities: agent?.capabilities ?? [],
    labels: agent?.labels ?? {},
  };
  const answer = cedar.isAuthorized({
    principal: { type: 'Agent', id: agentId },
    action: { type: 'Action', id: name },
    resource: { type: 'Resource', id: `${type}:${id}` },
    context: JSON.parse(JSON.stringify(context)) as Record<string, string>,
    policies: {
      staticPolicies: { 'base.grants': 'permit (principal, action, resource);', ...texts },
    },
    entities: [
      { uid: { type: 'Agent', id: agentId }, attrs, parents: [] },
      { uid: { type: 'Resource', id: `${type}:${id}` }, attrs: { type, id }, parents: [] },
    ],
  });
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors));
  const { decision, diagnostics } = answer.response;
  return {
    effect: decision,
    determining: diagnostics.reason.sort(),
    errors: diagnostics.errors
      .map(({ policyId, error }) => `policy \`${policyId}\`: ${error.message}`)
      .sort(),
  };
}

test('a slice answers as the whole set does, errors included, and always the same', () => {
  fc.assert(
    fc.property(
      policies,
      fc.array(question, { minLength: 1, maxLength: 5 }),
      (texts, questions) => {
        const compiled = engine.compile('fuzz', {
          digest: policyDigest('cedar', texts),
          policies: texts,
        });
        for (const asked of questions) {
          const inputs = inputsWith(asked);
          const { trustDecides: _, ...verdict } = compiled.evaluate(inputs);
          expect(verdict).toEqual(askWhole(texts, inputs));
          expect(compiled.evaluate(JSON.parse(JSON.stringify(inputs)) as typeof inputs)).toEqual(
            compiled.evaluate(inputs),
          );
        }
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);

const asked = (n: number): Parameters<ReturnType<typeof createSlicer>['sliceFor']>[0] => ({
  agentId: 'a',
  action: `act${n}`,
  resource: { type: 't', id: 'x' },
});

function slicerOf(texts: readonly string[]): ReturnType<typeof createSlicer> {
  return createSlicer(
    texts.map((text) => {
      const parsed = parsePolicy(cedar, { policyId: 'p', text });
      if (!parsed.ok) throw new Error(parsed.problem.message);
      return appliesTo(parsed.policy);
    }),
  );
}

test('a question gets only the policies that can apply to it, and equal subsets share a slot', () => {
  const slicer = slicerOf([
    'forbid (principal, action == Action::"act1", resource);',
    'forbid (principal, action, resource) when { resource.type == "t" };',
  ]);
  expect(slicer.sliceFor(asked(1)).policies).toEqual([0, 1]);
  expect(slicer.sliceFor(asked(2)).policies).toEqual([1]);
  expect(slicer.sliceFor(asked(3))).toBe(slicer.sliceFor(asked(2)));
  expect(slicer.sliceFor({ ...asked(3), resource: { type: 'u', id: 'x' } }).policies).toEqual([]);
});

test('slots are bounded; beyond them the whole set is asked', () => {
  const count = MAX_SLICES + 50;
  const slicer = slicerOf(
    Array.from(
      { length: count },
      (_, n) => `forbid (principal, action == Action::"act${n}", resource);`,
    ),
  );
  const slots = Array.from({ length: count }, (_, n) => slicer.sliceFor(asked(n)).slot);
  expect(Math.max(...slots)).toBe(MAX_SLICES - 1);
  expect(slicer.sliceFor(asked(count - 1)).policies).toHaveLength(count);
});
