import { describe, expect, test } from 'vitest';
import { checkPolicies, checkSchema } from './check.ts';
import { policyDigest } from './digest.ts';
import { type CompiledPolicies, openCedar } from './engine.ts';
import { inputsWith } from './inputs.fixture.ts';
import type { Shown } from './shown-context.ts';

const schema = `
type Money = { amount: Long, currency?: String };
action "transfer", "pay" appliesTo {
  principal: [Agent], resource: [Resource],
  context: { cost: Money, tags?: Set<String>, urgent?: Bool, subject?: { team?: String } }
};
action "read" appliesTo { principal: Agent, resource: Resource };
`;
const head = 'forbid (principal, action == Action::"transfer", resource)';

describe('a schema', () => {
  test('of actions with their contexts is accepted', () => {
    expect(checkSchema(schema)).toEqual([]);
  });

  test('of few types that become many when they are written out is refused', () => {
    const attributes = (type: string): string =>
      Array.from({ length: 60 }, (_, n) => `a${n}: ${type}`).join(', ');
    const towers = ['B', 'C', 'D', 'Long'].map((below, n) => {
      const name = 'ABCD'[n] ?? '';
      return `type ${name} = { ${attributes(below)} };`;
    });
    expect(checkSchema(`${towers.join('\n')}\n${action('A')}`)).toMatchObject([
      { message: expect.stringContaining('too complex') },
    ]);
    expect(checkSchema(schema)).toEqual([]);
  });

  const action = (context: string): string =>
    `action "x" appliesTo {\n  principal: [Agent], resource: [Resource],\n  context: ${context}\n};`;
  test.each([
    [
      'a misspelt type',
      action('{ a: Lnog }'),
      { line: 3, column: 17, message: 'there is no type `Lnog`; did you mean `Long`?' },
    ],
    [
      'a missing comma',
      'action "x" appliesTo { principal: [Agent] resource: [Resource] };',
      {
        line: 1,
        column: 43,
        message: 'unexpected token `resource`, expected `,` or `}`',
      },
    ],
    [
      'an entity of its own',
      'entity User { name: String };',
      {
        line: 1,
        column: 8,
        message: 'entity `User` can not be declared; there are `Agent` and `Resource`',
      },
    ],
    ['the entities that are there', 'entity Agent;', { line: 1, message: /are there already/ }],
    [
      'a namespace',
      'namespace Bank { entity A; }',
      { line: 1, column: 11, message: /namespace `Bank`/ },
    ],
    [
      'a type that can not be sent',
      action('{ from: ipaddr }'),
      {
        line: 3,
        column: 14,
        message: /`context.from` is of type `ipaddr`, which can not be sent/,
      },
    ],
    ['an entity as a value', action('{ by: Agent }'), { message: /type `Agent`/ }],
    [
      'a group of actions',
      'action g;\naction "x" in [g] appliesTo { principal: [Agent], resource: [Resource] };',
      {
        message: /`g` must be `appliesTo/,
      },
    ],
    ['an action of nothing', 'action "x";', { message: /must be `appliesTo/ }],
    ['a name that is reserved', action('{ "__entity": String }'), { message: /begins with `__`/ }],
    ['half a surrogate pair', '\ud800', { message: /surrogate/ }],
  ])('with %s is refused, with its place', (_what, text, { message, ...place }) => {
    const [problem] = checkSchema(text);
    expect(problem).toMatchObject({
      ...place,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });
});

describe('policies under a schema', () => {
  const check = (text: string) => checkPolicies({ p: text }, schema);

  test.each([
    ['what is required', `${head} when { context.cost.amount > 3 };`],
    ['what is asked for', `${head} when { context has urgent && context.urgent };`],
    [
      'what is asked for where actions are not named',
      'forbid (principal, action, resource) when { context has cost && context.cost.amount > 3 };',
    ],
    [
      'properties that are declared',
      `${head} when { context has subject && context.subject has team && context.subject.team == "a" };`,
    ],
    ['labels', `${head} when { principal.labels has env && principal.labels.env == "prod" };`],
  ])('may read %s', (_what, text) => expect(check(text)).toEqual([]));

  test.each([
    [
      'an action that is not declared',
      'forbid (principal, action == Action::"trasnfer", resource);',
      /the schema has no action `trasnfer`; did you mean `transfer`\?/,
    ],
    [
      'an attribute that is not declared',
      `${head} when { context.cots.amount > 3 };`,
      /`cots`.*did you mean `cost`/,
    ],
    [
      'a question for an attribute that is not declared',
      `${head} when { context has urgnt && context.urgnt };`,
      /attribute `urgnt` on `context` not found; did you mean `urgent`\?/,
    ],
    ['what may be absent', `${head} when { context.urgent };`, /optional attribute `urgent`/],
    [
      'a number as text',
      `${head} when { context.cost.amount like "3*" };`,
      /expected String but saw Long/,
    ],
    [
      'what other actions do not have',
      'forbid (principal, action, resource) when { context.cost.amount > 3 };',
      /`cost`.*not found/,
    ],
  ])('may not read %s', (_what, text, message) => {
    expect(check(text)[0]).toMatchObject({ message: expect.stringMatching(message), line: 1 });
  });
});

describe('a question under a schema', () => {
  const engine = openCedar();
  const policies = {
    p: `${head} when { context.cost.amount > 3 || (context has urgent && context.urgent) };`,
  };
  const compiled: CompiledPolicies = engine.compile('declared', {
    digest: policyDigest('cedar', policies),
    policies,
    schema,
  });
  const show = (
    context: Record<string, unknown>,
    action = 'transfer',
    subject?: Record<string, unknown>,
  ): Shown => compiled.show(action, { context, subject, action: undefined, resource: undefined });

  test('shows what is declared and read, and names the rest', () => {
    const cost = { amount: 5, currency: 'EUR', note: 'x' };
    expect(show({ cost, tags: ['a'], other: null }, 'transfer', { team: 'a', age: 3 })).toEqual({
      context: { cost: { amount: 5 } },
      unusable: [],
      ignored: ['cost.note', 'other', 'subject.age', 'cost.currency', 'tags', 'subject.team'],
    });
  });

  test.each([
    [
      'text for a number',
      { cost: { amount: '5' } },
      '`context.cost.amount` must be Long, as the schema says, not text',
    ],
    [
      'a fraction',
      { cost: { amount: 1.5 } },
      '`context.cost.amount` must be Long, as the schema says, not 1.5',
    ],
    ['null', { cost: null }, '`context.cost` must be Record, as the schema says, not null'],
    [
      'a list of others',
      { cost: { amount: 1 }, tags: ['a', 2] },
      '`context.tags[]` must be String, as the schema says, not 2',
    ],
    [
      'no list',
      { cost: { amount: 1 }, tags: 'a' },
      '`context.tags` must be Set of String, as the schema says, not text',
    ],
    ['nothing', {}, '`context.cost` is missing; the schema requires it'],
  ])('with %s can not be asked, and says why', (_what, context, why) => {
    expect(show(context).unusable).toEqual([why]);
  });

  test('of an action that is not declared shows nothing but what grants read', () => {
    const cost = { amount: 5 };
    expect(show({ cost, estimatedCostMicros: 7 }, 'delete')).toEqual({
      context: { estimatedCostMicros: 7 },
      unusable: [],
      ignored: ['cost'],
    });
  });

  test('is answered by a deny where the schema can not be read', () => {
    const broken = engine.compile('broken', { digest: 'sha256:none', policies: {}, schema: 'x' });
    expect(broken.evaluate(inputsWith()).errors).toEqual([
      expect.stringContaining('the schema unexpected token `x`'),
    ]);
  });
});
