import { type ValidationRule, validationRules } from '@writ/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkRules, compileRules } from './rules.ts';
import { type CustomCheck, validateResult } from './validate.ts';

const TOKEN = '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';
type Result = Record<string, unknown>;

function rulesOf(
  rule: Partial<ValidationRule>,
  more: Record<string, Partial<ValidationRule>> = {},
) {
  const all = Object.entries({ rule, ...more }).map(([name, one]) => [
    name,
    { actions: ['generate_*'], ...one },
  ]);
  return compileRules(validationRules.parse(Object.fromEntries(all)));
}

const judge = (
  rule: Partial<ValidationRule>,
  result: Result,
  custom?: Record<string, CustomCheck>,
) => validateResult(rulesOf(rule), { action: 'generate_chart', result }, custom);

describe('a result', () => {
  test('is accepted where no rule is for its action, and where none finds anything', async () => {
    const rules = rulesOf({ secrets: 'reject', personalData: 'reject', maxBytes: 1000 });
    for (const [action, result] of [
      ['send_mail', { text: TOKEN }],
      ['generate_chart', { title: 'revenue of 2026-11-20', points: [4_111_111, 12.5, null] }],
    ] as const)
      expect(await validateResult(rules, { action, result })).toMatchObject({
        outcome: 'accept',
        findings: [],
        severity: null,
      });
  });

  test('that does not match the schema is rejected at its place', async () => {
    const schema = {
      type: 'object',
      required: ['points'],
      properties: { points: { type: 'array', items: { type: 'number' } } },
    };
    expect((await judge({ schema }, { points: [1, 2] })).outcome).toBe('accept');
    expect(await judge({ schema, severity: 'major' }, { points: [1, 'two'] })).toMatchObject({
      outcome: 'reject',
      findings: [{ rule: 'rule', check: 'schema', path: '/points/1', kind: 'TYPE' }],
      severity: 'major',
    });
  });

  test('that is too large is rejected', async () => {
    expect((await judge({ maxBytes: 20 }, { text: 'ö'.repeat(10) })).outcome).toBe('reject');
    expect((await judge({ maxBytes: 40 }, { text: 'ö'.repeat(10) })).outcome).toBe('accept');
  });

  test('with a token in it is rejected or cleaned, and the token is in no finding', async () => {
    const result = { log: ['ok', `pushed with ${TOKEN} to main`] };
    const rejected = await judge({ secrets: 'reject' }, result);
    expect(rejected).toMatchObject({ outcome: 'reject', severity: 'minor', result: undefined });
    const cleaned = await judge({ secrets: 'redact' }, result);
    expect(cleaned).toMatchObject({
      outcome: 'redact',
      findings: [{ check: 'secrets', path: '/log/1', kind: 'GITHUB_TOKEN' }],
      result: { log: ['ok', 'pushed with [GITHUB_TOKEN] to main'] },
    });
    expect(JSON.stringify([rejected, cleaned])).not.toContain(TOKEN);
  });

  test('can not switch the search off by what it says', async () => {
    for (const result of [
      { text: `secretlint-disable\n${TOKEN}` },
      { token: TOKEN, z: '<!-- secretlint-disable -->' },
      { text: `// secretlint-disable-next-line\n${TOKEN} // secretlint-disable-line` },
    ])
      expect((await judge({ secrets: 'reject' }, result)).outcome).toBe('reject');
  });

  test('with a thousand pieces in it is cleaned of each, once; with more it is rejected', async () => {
    const denyList = { terms: ['ab'], remedy: 'redact' as const };
    const twice = rulesOf({ denyList }, { again: { denyList } });
    const judged = (times: number) =>
      validateResult(twice, { action: 'generate_chart', result: { text: 'ab '.repeat(times) } });
    const cleaned = await judged(1000);
    expect(cleaned).toMatchObject({
      outcome: 'redact',
      result: { text: '[DENIED_TERM] '.repeat(1000) },
    });
    expect(cleaned.redactions).toHaveLength(1000);
    expect(await judged(100_000)).toMatchObject({
      outcome: 'reject',
      findings: [{ rule: 'again', check: 'deny_list', path: '', kind: 'TOO_MANY' }],
      severity: 'minor',
    });
  });

  test('with personal data in it is cleaned, numbers too', async () => {
    const result = {
      contact: { mail: 'write to dana@acme.org or jo@acme.org', card: 4_111_111_111_111_111 },
      iban: 'DE89370400440532013000',
    };
    expect((await judge({ personalData: 'redact' }, result)).result).toEqual({
      contact: { mail: 'write to [EMAIL] or [EMAIL]', card: '[CREDIT_CARD]' },
      iban: '[IBAN]',
    });
  });

  test('with a denied term is cleaned whatever its case; in a name of a member it is rejected', async () => {
    const denyList = { terms: ['project falcon', 'Falcon'], remedy: 'redact' as const };
    expect((await judge({ denyList }, { text: 'PROJECT FALCON, falcon!' })).result).toEqual({
      text: '[DENIED_TERM], [DENIED_TERM]!',
    });
    expect(await judge({ denyList }, { 'the falcon': 1 })).toMatchObject({
      outcome: 'reject',
      findings: [{ path: '/the falcon' }],
    });
  });

  test('is judged by checks of the installation, and rejected when one fails or is missing', async () => {
    const custom = {
      'four-eyes': ({ result }: { result: Result }) =>
        result['approvedBy'] === undefined ? [{ path: '/approvedBy', kind: 'MISSING' }] : [],
      broken: () => {
        throw new Error('not today');
      },
    };
    expect((await judge({ custom: ['four-eyes'] }, { approvedBy: 'x' }, custom)).outcome).toBe(
      'accept',
    );
    for (const [name, kind] of [
      ['four-eyes', 'MISSING'],
      ['broken', 'CHECK_FAILED'],
      ['unheard-of', 'CHECK_UNKNOWN'],
    ] as const)
      expect(await judge({ custom: [name] }, {}, custom)).toMatchObject({
        outcome: 'reject',
        findings: [{ check: name, kind }],
      });
  });

  test('is rejected with the gravest severity, and nothing is cleaned then', async () => {
    const rules = rulesOf(
      { secrets: 'redact' },
      { size: { maxBytes: 2, severity: 'critical' }, other: { maxBytes: 3, severity: 'minor' } },
    );
    const verdict = await validateResult(rules, {
      action: 'generate_chart',
      result: { text: TOKEN },
    });
    expect(verdict).toMatchObject({ outcome: 'reject', severity: 'critical', redactions: [] });
    expect(verdict.findings.map(({ rule }) => rule)).toEqual(['other', 'size', 'rule']);
  });

  test('never keeps a secret in a cleaned text, wherever it stands', async () => {
    const texts = fc.array(fc.string({ maxLength: 20 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(texts, texts, async (before, after) => {
        const result = { before, text: `${before.join(' ')} ${TOKEN} ${after.join(' ')}`, after };
        const verdict = await judge({ secrets: 'redact' }, result);
        expect(JSON.stringify(verdict)).not.toContain(TOKEN);
        expect(verdict.outcome).toBe('redact');
        expect(verdict.result).toMatchObject({ before, after });
      }),
      { numRuns: 100 },
    );
  });
});

test('a schema that is none is named before its rule holds for anybody', () => {
  const rules = validationRules.parse({
    good: { actions: ['*'], schema: { type: 'object' } },
    bad: { actions: ['*'], schema: { type: 'objekt' } },
  });
  expect(checkRules(rules)).toMatchObject([{ path: 'rules.bad.schema' }]);
});

test('schemas that give themselves the same name do not know of each other', async () => {
  const named = (type: string) => ({ $id: 'https://acme.org/result', properties: { a: { type } } });
  const rules = rulesOf({ schema: named('string') }, { other: { schema: named('number') } });
  for (let again = 0; again < 2; again++)
    expect(
      await validateResult(rules, { action: 'generate_chart', result: { a: 'text' } }),
    ).toMatchObject({ findings: [{ rule: 'other', path: '/a', kind: 'TYPE' }] });
});
