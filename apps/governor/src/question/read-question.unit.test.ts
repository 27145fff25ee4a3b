import { evaluationRequest, evaluationsRequest } from '@writ/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readQuestion } from './read-question.ts';
import { readQuestions } from './read-questions.ts';

/** Mostly right values, and everything that JSON can hold in their place. */
const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(null, [], {}, '', 0, -1, 1.5, 2 ** 60, true),
);
const rarely = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 40, arbitrary: right }, { weight: 1, arbitrary: junk });
const text = fc.oneof(
  fc.constantFrom(
    'a',
    'a:b',
    'a:b:c',
    'langgraph-v2:chart_generator',
    '*',
    'a.b',
    ' ',
    '-a',
    'x'.repeat(63),
    'x'.repeat(64),
    'read/write:all.1',
    'naïve 😀',
    '\u0007',
    '\ud800',
    'a\u0085b',
    'x'.repeat(512),
    'x'.repeat(513),
    '😀'.repeat(256),
  ),
  fc.string({ maxLength: 5 }),
);
const id = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'lab:reader', 'x1') },
  { weight: 1, arbitrary: text },
);
const properties = rarely(
  fc.oneof(
    fc.constant({}),
    fc.dictionary(fc.constantFrom('trust', '__proto__', 'constructor', 'x'), junk, { maxKeys: 2 }),
  ),
);
const part = (members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
  rarely(
    fc
      .tuple(fc.record(members), fc.record({ properties, extra: junk }, { requiredKeys: [] }))
      .map(([needed, more]) => ({ ...needed, ...more })),
  );
const subject = part({ type: rarely(fc.constant('agent')), id: rarely(id) });
const action = part({ name: rarely(id) });
const resource = part({ type: rarely(id), id: rarely(id) });
const options = rarely(
  fc.record(
    {
      atLeast: rarely(fc.constantFrom('w1.x', 'x'.repeat(256), 'x'.repeat(257))),
      waitForApprovalMs: rarely(fc.constantFrom(0, -0, 60_000, 60_001, 0.5)),
      record: rarely(fc.constantFrom('buffered', 'required', 'never')),
      evaluations_semantic: rarely(
        fc.constantFrom('execute_all', 'deny_on_first_deny', 'permit_on_first_permit', 'any'),
      ),
      extra: junk,
    },
    { requiredKeys: [] },
  ),
);
const members = { subject, action, resource, context: properties, options, extra: junk };
const question = rarely(fc.record(members, { requiredKeys: ['subject', 'action', 'resource'] }));
const items = rarely(
  fc.array(
    rarely(fc.record({ subject, action, resource, context: properties }, { requiredKeys: [] })),
    { maxLength: 3 },
  ),
);
const questions = rarely(fc.record({ ...members, evaluations: items }, { requiredKeys: [] }));

/** What arrives was JSON. */
function sent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value) ?? 'null');
}

/** The schema drops a member named `__proto__`; policies are never shown one. */
function named(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, member: unknown) =>
    key === '__proto__' ? undefined : member,
  );
}

test('a question is read exactly when the schema takes it, with the same content', () => {
  let read = 0;
  fc.assert(
    fc.property(question, (value) => {
      const body = sent(value);
      const expected = evaluationRequest.safeParse(body);
      const found = readQuestion(body);
      expect(found !== undefined).toBe(expected.success);
      if (!found || !expected.success) return;
      read += 1;
      const { subject: s, action: a, resource: r, context, options: o } = expected.data;
      expect(found).toMatchObject({
        agentId: s.id,
        action: a.name,
        resource: { type: r.type, id: r.id },
      });
      expect(found.options).toEqual({
        atLeast: o?.atLeast,
        record: o?.record,
        waitForApprovalMs: o?.waitForApprovalMs ?? 0,
      });
      const content = {
        context,
        subject: s.properties,
        action: a.properties,
        resource: r.properties,
      };
      expect(named({ context: found.context, ...found.properties })).toEqual(named(content));
    }),
    { numRuns: 5000 },
  );
  expect(read).toBeGreaterThan(300);
}, 60_000);

test('an item of a batch keeps the options of the batch, but waits for no person', () => {
  const [subject, action] = [{ type: 'agent', id: 'a' }, { name: 'read' }];
  const resource = { type: 'dataset', id: 'x' };
  const options = { atLeast: 'w1.x', waitForApprovalMs: 60_000 };
  const read = readQuestions({ subject, action, resource, options, evaluations: [{}] });
  const items = read?.kind === 'batch' ? read.items : [];
  expect(items.map((item) => readQuestion(item)?.options)).toMatchObject([
    { atLeast: 'w1.x', waitForApprovalMs: 0 },
  ]);
});

test('a batch is read exactly when the schema takes it', () => {
  const seen = { single: 0, batch: 0, refused: 0 };
  fc.assert(
    fc.property(questions, (value) => {
      const body = sent(value);
      const expected = evaluationsRequest.safeParse(body);
      const found = readQuestions(body);
      expect(found !== undefined).toBe(expected.success);
      seen[found?.kind ?? 'refused'] += 1;
      if (!found || !expected.success) return;
      const { evaluations = [], options: o } = expected.data;
      expect(found.kind === 'batch' ? found.items.length : 0).toBe(evaluations.length);
      if (found.kind === 'batch')
        expect(found.semantic).toBe(o?.evaluations_semantic ?? 'execute_all');
    }),
    { numRuns: 5000 },
  );
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
}, 60_000);

test('a batch takes a hundred items and no more', () => {
  const batch = (length: number): unknown => ({ evaluations: Array.from({ length }, () => ({})) });
  expect(readQuestions(batch(100))).toMatchObject({ kind: 'batch' });
  expect(readQuestions(batch(101))).toBeUndefined();
});
