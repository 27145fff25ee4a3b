import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePolicy } from './cedar/parse.ts';
import { type Facts, rulesOut } from './cedar/rules-out.ts';
import { loadCedar } from './cedar/wasm.ts';

const cedar = loadCedar();

const plain = fc.constantFrom(
  '1',
  '2',
  '0',
  '-3',
  '"a"',
  '"2"',
  'true',
  'false',
  '9007199254740993',
  '""',
);
const path = fc.constantFrom(
  'principal.trust',
  'principal.type',
  'principal.owner',
  'principal.labels.env',
  'principal.missing',
  'resource.type',
  'context.n',
  'context.s',
  'context.b',
  'context.r.x',
  'context.r',
  'context.list',
  'context["__proto__"]',
  'action',
);
const presence = fc.constantFrom(
  'principal has owner',
  'principal has labels',
  'principal.labels has env',
  'context has n',
  'context.r has x',
  'context has r.x',
  'context.s has x',
  'resource has id',
);
const set = fc.oneof(
  fc.array(plain, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
  fc.constantFrom('principal.capabilities', 'context.list', '[context.n]', 'context.n'),
);

const { condition } = fc.letrec<{ value: string; condition: string }>((tie) => ({
  value: fc.oneof(plain, path),
  condition: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'condition' },
    presence,
    path,
    fc
      .tuple(tie('value'), fc.constantFrom('==', '!=', '<', '<=', '>', '>='), tie('value'))
      .map(([a, op, b]) => `${a} ${op} ${b}`),
    fc.tuple(set, tie('value')).map(([items, item]) => `${items}.contains(${item})`),
    fc
      .tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition'))
      .map(([a, op, b]) => `(${a}) ${op} (${b})`),
    tie('condition').map((arg) => `!(${arg})`),
    fc.constantFrom(
      'context.s like "a*"',
      'if context.b then true else false',
      'principal == Agent::"x"',
      'context.n + 1 > 2',
    ),
  ),
}));
const clauses = fc.array(fc.tuple(fc.constantFrom('when', 'unless'), condition), {
  minLength: 1,
  maxLength: 3,
});

const value = fc.constantFrom<unknown>(0, 1, 2, 'a', '2', true, false, ['a', 1], { x: 1 });
const facts: fc.Arbitrary<Facts> = fc.record({
  principal: fc.record(
    {
      trust: fc.integer({ min: 0, max: 3 }),
      type: fc.constantFrom('a', 'b'),
      owner: fc.constant('a'),
      labels: fc.constantFrom<unknown>({}, { env: 'a' }),
      capabilities: fc.constantFrom<unknown>([], ['a', 'b']),
    },
    { requiredKeys: ['trust', 'type', 'labels', 'capabilities'] },
  ),
  resource: fc.record({ type: fc.constantFrom('a', 'b'), id: fc.constant('i') }),
  context: fc.record({ n: value, s: value, b: value, r: value, list: value }, { requiredKeys: [] }),
});

test('what is ruled out is what Cedar finds not to apply, without an error', () => {
  let ruledOut = 0;
  let asked = 0;
  fc.assert(
    fc.property(clauses, facts, (conditions, seen) => {
      const text = `forbid (principal, action, resource) ${conditions.map(([kind, body]) => `${kind} { ${body} }`).join(' ')};`;
      const parsed = parsePolicy(cedar, { policyId: 'p', text });
      if (!parsed.ok) return;
      asked += 1;
      if (!rulesOut(parsed.policy)(seen)) return;
      ruledOut += 1;
      const json = JSON.parse(JSON.stringify(seen)) as {
        principal: Record<string, string>;
        resource: Record<string, string>;
        context: Record<string, string>;
      };
      const principal = { type: 'Agent', id: 'x' };
      const resource = { type: 'Resource', id: 'y' };
      const answer = cedar.isAuthorized({
        principal,
        action: { type: 'Action', id: 'read' },
        resource,
        context: json.context,
        policies: { staticPolicies: { base: 'permit (principal, action, resource);', p: text } },
        entities: [
          { uid: principal, attrs: json.principal, parents: [] },
          { uid: resource, attrs: json.resource, parents: [] },
        ],
      });
      expect(answer).toMatchObject({
        type: 'success',
        response: { decision: 'allow', diagnostics: { reason: ['base'], errors: [] } },
      });
    }),
    { numRuns: 4000 },
  );
  // The test would say nothing if it were always in doubt, or never.
  expect(ruledOut).toBeGreaterThan(asked / 20);
  expect(ruledOut).toBeLessThan(asked);
}, 60_000);

test.each([
  'context.s like "b*"',
  'if true then false else true',
  'context.n + 1 > 9',
  'context.missing == 1',
  'principal.trust == "1"',
  'context.big < 9007199254740993',
])('`%s` is in doubt', (body) => {
  const parsed = parsePolicy(cedar, {
    policyId: 'p',
    text: `forbid (principal, action, resource) when { ${body} };`,
  });
  if (!parsed.ok) throw new Error(parsed.problem.message);
  expect(
    rulesOut(parsed.policy)({
      principal: { trust: 1 },
      resource: {},
      context: { s: 'a', n: 1, big: 1 },
    }),
  ).toBe(false);
});
