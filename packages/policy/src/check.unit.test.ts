import { expect, test } from 'vitest';
import { checkPolicies } from './check.ts';

const when = (body: string): string => `forbid (principal, action, resource) when { ${body} };`;

const accepted: readonly [string, string][] = [
  ['a bare forbid', 'forbid (principal, action, resource);'],
  [
    'trust',
    'forbid (principal, action == Action::"deploy", resource) unless { principal.trust >= 600 };',
  ],
  [
    'a list of actions',
    'forbid (principal, action in [Action::"a", Action::"b"], resource) when { resource.type == "dataset" };',
  ],
  [
    'an agent by id',
    'forbid (principal == Agent::"langgraph-v2:chart_generator", action, resource);',
  ],
  ['a resource by id', 'forbid (principal, action, resource == Resource::"dataset:payroll");'],
  ['numbers of the context', when('context.amount > 3 && context.amount + context.fee < 10')],
  ['words of the context', when('context.query like "*drop table*"')],
  [
    'sets of the context',
    when('context.tables.contains("payroll") && context.tables.containsAny(["a", "b"])'),
  ],
  ['records of the context', when('context.subject.team == "red" && context.resource.pii')],
  ['an attribute that may be absent', when('context has region && context.region == "eu"')],
  ['attributes compared with each other', when('context.a == context.b && context.b > 1')],
  ['capabilities', when('!principal.capabilities.contains("plotly")')],
  ['labels that are asked for', when('principal.labels has env && principal.labels.env == "prod"')],
  ['the owner where there is one', when('principal has owner && principal.owner == "team-a"')],
  ['annotations', '@reason("why") forbid (principal, action, resource);'],
  ['Unicode', when('context.Größe == "naïve 😀"').replace('context.Größe', 'context["Größe"]')],
];

test.each(accepted)('a policy may use %s', (_what, text) => {
  expect(checkPolicies({ p: text })).toEqual([]);
});

const refused: readonly [string, string, { message: RegExp; line?: number; column?: number }][] = [
  ['an empty text', '', { message: /unexpected end of input/, line: 1, column: 1 }],
  [
    'a permit',
    '\n  permit (principal, action, resource);',
    { message: /grants permit, policies only narrow/, line: 2, column: 3 },
  ],
  [
    'two policies',
    'forbid (principal, action, resource);\nforbid (principal, action, resource);',
    { message: /more than one policy/, line: 2, column: 1 },
  ],
  [
    'a template',
    'forbid (principal == ?principal, action, resource);',
    { message: /is a template/, line: 1, column: 22 },
  ],
  [
    'a missing semicolon',
    'forbid (principal, action, resource)',
    { message: /unexpected end of input, expected `;`/, line: 1, column: 37 },
  ],
  [
    'half a condition',
    'forbid (principal, action, resource)\nwhen {\n  principal.trust >\n};',
    { message: /unexpected token `}`/, line: 4, column: 1 },
  ],
  [
    'a misspelt attribute',
    when('principal.trsut > 3'),
    { message: /`trsut` .*not found; did you mean `trust`/, line: 1, column: 45 },
  ],
  [
    'a misspelt attribute after Unicode',
    when('"é😀" == "ö" || principal.trsut > 3'),
    { message: /`trsut`/, line: 1, column: 60 },
  ],
  [
    'a misspelt `has`',
    when('principal has ownr && context.a'),
    { message: /`ownr` on `principal` not found; did you mean `owner`\?/, line: 1, column: 59 },
  ],
  ['a misspelt attribute of the resource', when('resource.kind == "x"'), { message: /`kind`/ }],
  [
    'an unknown entity type',
    'forbid (principal == User::"dana", action, resource);',
    { message: /`User`; did you mean `Agent`/, line: 1, column: 22 },
  ],
  [
    'a word compared with trust',
    when('principal.trust >= "600"'),
    { message: /expected Long but saw String/, line: 1, column: 64 },
  ],
  [
    'an attribute used as two types',
    when('context.a > 3 && context.a like "x*"'),
    { message: /expected String but saw Long|expected Long but saw String/ },
  ],
  [
    'an owner that may be absent',
    when('principal.owner == "team-a"'),
    { message: /optional attribute `owner`.*has owner/, line: 1, column: 45 },
  ],
  [
    'a label that may be absent',
    when('principal.labels.env == "prod"'),
    { message: /optional attribute `labels.env`/ },
  ],
  [
    'an unknown function',
    when('frobnicate(1)'),
    { message: /`frobnicate` is not a valid function/ },
  ],
  ['a number too large', when('99999999999999999999 > 1'), { message: /number too large/ }],
  ['half a surrogate pair', when('context.a == "\ud800"'), { message: /surrogate/ }],
  [
    'an outcome that there is not',
    '@outcome("allow") forbid (principal, action, resource);',
    { message: /write `@outcome\("require_approval"\)`/, line: 1, column: 1 },
  ],
  [
    'more approvals than there can be',
    '@outcome("require_approval")\n@approvals("3") forbid (principal, action, resource);',
    { message: /`@approvals` must be/, line: 2, column: 1 },
  ],
  [
    'an approval that never ends',
    '@outcome("require_approval") @approvalTtl("604801") forbid (principal, action, resource);',
    { message: /whole seconds/ },
  ],
  [
    'an approval without a time',
    '@outcome("require_approval") @approvalTtl forbid (principal, action, resource);',
    { message: /whole seconds/ },
  ],
  [
    'a misspelt term of an approval',
    '@outcome("require_approval") @aprovals("2") forbid (principal, action, resource);',
    { message: /did you mean `@approvals`/, line: 1, column: 30 },
  ],
  [
    'terms of an approval that it does not ask for',
    '@approvals("2") forbid (principal, action, resource);',
    { message: /says nothing without/ },
  ],
];

test.each(refused)(
  'a policy with %s is refused, with its place',
  (_what, text, { message, line, column }) => {
    const [problem, ...more] = checkPolicies({ p: text });
    expect(problem).toMatchObject({ policyId: 'p', message: expect.stringMatching(message) });
    if (line !== undefined)
      expect({ line: problem?.line, column: problem?.column, more }).toEqual({
        line,
        column,
        more: [],
      });
  },
);

test('problems of several policies come sorted by policy', () => {
  const problems = checkPolicies({ b: 'x', a: 'y', fine: 'forbid (principal, action, resource);' });
  expect(problems.map(({ policyId }) => policyId)).toEqual(['a', 'b']);
});

const deep: readonly [string, string][] = [
  ['brackets', `${'('.repeat(5000)}true${')'.repeat(5000)}`],
  ['lists', `${'['.repeat(200)}1${']'.repeat(200)} == 1`],
  ['records', `${'{a:'.repeat(200)}1${'}'.repeat(200)} == 1`],
  ['ors', `${'context.a || '.repeat(2000)}true`],
  ['ands', `${'context.a && '.repeat(2000)}true`],
  ['sums', `${'context.a + '.repeat(2000)}1 > 2`],
  ['attributes', `context${'.a'.repeat(5000)}`],
  ['asked attributes', `context has a${'.a'.repeat(5000)}`],
  ['ifs', `${'if true then '.repeat(500)}true${' else true'.repeat(500)}`],
  ['clauses', `true }${' when { true }'.repeat(1000)} unless { false`],
  ['methods', `principal${'.isEmpty()'.repeat(2000)}`],
  ['selves', 'context.a == context && context.b == context && context.c == context'],
  ['negations', `${'!('.repeat(500)}true${')'.repeat(500)}`],
];

test.each(deep)('%s beyond the bound are refused and leave the checker whole', (_what, body) => {
  const problems = checkPolicies({ p: when(body) });
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/deeper than|more than|too complex/),
  ]);
  expect(checkPolicies({ p: when('principal.trust < 1') })).toEqual([]);
});

test('long flat policies are not too deep', () => {
  const list = Array.from({ length: 500 }, (_, i) => `"table_${i}"`).join(', ');
  expect(
    checkPolicies({
      p: when(`[${list}].contains(context.table) // notify ((((( ifif`).replace(
        'ifif };',
        'ifif\n};',
      ),
    }),
  ).toEqual([]);
});
