import { expect, test } from 'vitest';
import { policyDigest } from './digest.ts';
import { openCedar } from './engine.ts';
import { dottedPaths, type Reads } from './cedar/reads.ts';
import { showApart, type Shown } from './shown-context.ts';

const engine = openCedar();

function readsOf(...bodies: string[]): Reads {
  const policies = Object.fromEntries(
    bodies.map((body, i) => [`p${i}`, `forbid (principal, action, resource) when { ${body} };`]),
  );
  return engine.compile('reads', { digest: policyDigest('cedar', policies), policies }).reads;
}

function show(
  reads: Reads,
  context: Record<string, unknown>,
  properties: Record<string, Record<string, unknown>> = {},
): Shown {
  const { subject, action, resource } = properties;
  return showApart(reads.context, {}, { context, subject, action, resource });
}

test.each([
  [
    'attributes, nested and asked for',
    'context.a.b > 1 && context has c.d && context["e f"]',
    ['a.b', 'c.d', 'e f'],
  ],
  [
    'the whole where both the whole and a part are read',
    'context.a == {b: 1} || context.a.b == 1',
    ['a'],
  ],
  ['nothing where only entities are compared', 'principal == Agent::"x"', []],
  ['everything where the context itself is a value', 'context == {}', undefined],
  [
    'everything where an attribute is taken of an expression',
    '(if true then context else {a: 1}).a == 1',
    undefined,
  ],
])('policies read %s', (_what, body, paths) => {
  expect(dottedPaths(readsOf(body).context)).toEqual(paths);
});

test('attributes of the principal that are read are known, through expressions too', () => {
  expect(readsOf('principal.trust > 1 || principal has owner').principal).toEqual(
    new Set(['trust', 'owner']),
  );
  expect(readsOf('(if true then principal else principal).trust > 1').principal).toBe('whole');
});

test('only what is read is shown; the rest is named', () => {
  const shown = show(readsOf('context.a > 1 && context.r.x == 1'), {
    a: 3,
    b: 4,
    r: { x: 1, y: 2 },
    query: 'free text',
  });
  expect(shown).toEqual({
    context: { a: 3, r: { x: 1 } },
    unusable: [],
    ignored: ['b', 'r.y', 'query'],
  });
});

test('names of what is ignored take four kibibytes at most', () => {
  const context = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`${i}`.padEnd(128, '語'), 1]),
  );
  const { ignored } = show(readsOf('true'), context);
  expect(Buffer.byteLength(ignored.join(''))).toBeLessThanOrEqual(4096);
  expect(ignored.length).toBeGreaterThan(5);
});

test('of what is only asked to be there, nothing within is shown or needs to be usable', () => {
  const reads = readsOf('context has subject && context.subject has role && context has size');
  expect(show(reads, { size: 1 }, { subject: { role: { name: 'x' }, depth: 1.5 } })).toEqual({
    context: { size: 1, subject: { role: {} } },
    unusable: [],
    ignored: ['subject.role.name', 'subject.depth'],
  });
  // Left out it would not be there, and a policy might not apply.
  expect(show(reads, { size: 1.5 }).unusable).toHaveLength(1);
});

test('properties reach policies under the context; the caller can not put words in their place', () => {
  const reads = readsOf('context.subject.team == "red" && context.resource.pii');
  const shown = show(
    reads,
    { subject: { team: 'red' }, action: 1 },
    { subject: { team: 'blue', trust: 1000 }, resource: {}, action: { x: 1 } },
  );
  expect(shown).toEqual({
    context: { subject: { team: 'blue' }, resource: {} },
    unusable: [],
    ignored: ['subject', 'action', 'subject.trust', 'action.x'],
  });
});

test('the estimated cost is always shown when it is a whole number', () => {
  expect(show(readsOf('true'), { estimatedCostMicros: 5 }).context).toEqual({
    estimatedCostMicros: 5,
  });
  expect(show(readsOf('true'), { estimatedCostMicros: 1.5 })).toEqual({
    context: {},
    unusable: [],
    ignored: ['estimatedCostMicros'],
  });
  expect(
    show(readsOf('context.estimatedCostMicros > 1'), { estimatedCostMicros: 1.5 }).unusable,
  ).toHaveLength(1);
});

test.each([
  ['a fraction', 1.5],
  ['null', null],
  ['a number beyond 2^53', 2 ** 53],
  ['a fraction in a list', [1, 2.5]],
  ['null in a record', { b: { c: null } }],
  ['an entity', { __entity: { type: 'Agent', id: 'x' } }],
  ['an extension value', [{ __extn: { fn: 'ip', arg: '127.0.0.1' } }]],
  ['half a surrogate pair', 'a\ud800'],
  ['more values than the bound', Array.from({ length: 3000 }, () => 1)],
])('%s at an attribute that is read can not be used', (_what, value) => {
  const { unusable } = show(readsOf('context.a == 1'), { a: value });
  expect(unusable).toEqual([expect.stringMatching(/^`context\.a/)]);
  expect(show(readsOf('context.b == 1'), { a: value }).unusable).toEqual([]);
});

test('a name with a meaning in JavaScript is only a name', () => {
  const context = JSON.parse('{"__proto__":{"a":1},"constructor":1}') as Record<string, unknown>;
  const shown = show(readsOf('context has constructor'), context);
  expect(shown.context).toEqual({ constructor: 1 });
  expect(show(readsOf('context == {}'), context).unusable).toEqual([
    '`context.__proto__` has a name that begins with `__`',
  ]);
});
