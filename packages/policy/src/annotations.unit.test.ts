import { describe, expect, test } from 'vitest';
import { checkPolicies } from './check.ts';
import { policyDigest } from './digest.ts';
import { type CompiledPolicies, openCedar } from './engine.ts';
import { inputsWith } from './inputs.fixture.ts';

const engine = openCedar();

function compile(policies: Record<string, string>): CompiledPolicies {
  return engine.compile('annotated', { digest: policyDigest('cedar', policies), policies });
}

const when = (body: string): string => `forbid (principal, action, resource) when { ${body} };`;
const logOnly = (policy: string): string => `@mode("log_only")\n${policy}`;
const recorded = (policy: string): string => `@record("required") ${policy}`;
const sent = (context: Record<string, unknown>) => ({
  context,
  subject: undefined,
  action: undefined,
  resource: undefined,
});

describe('a log-only policy', () => {
  test('that forbids denies nothing, and is named', () => {
    const { evaluate } = compile({
      b: logOnly(when('true')),
      a: logOnly(when('principal.trust < 600')),
      c: logOnly(when('principal.trust < 100')),
    });
    expect(evaluate(inputsWith())).toEqual({
      effect: 'allow',
      determining: ['base.grants'],
      errors: [],
      trustDecides: false,
      wouldDeny: ['a', 'b'],
    });
  });

  test('that can not be evaluated denies nothing, and is named', () => {
    const { evaluate } = compile({
      fails: logOnly(when('context.rows > 3')),
      passes: logOnly(when('context has rows && context.rows > 3')),
    });
    const verdict = evaluate(inputsWith());
    expect(verdict).toMatchObject({ effect: 'allow', errors: [], wouldDeny: ['fails'] });
  });

  test('says nothing of questions that its scope does not cover', () => {
    const { evaluate } = compile({
      other: logOnly('forbid (principal, action == Action::"write", resource);'),
    });
    expect(evaluate(inputsWith())).not.toHaveProperty('wouldDeny');
  });

  test('leaves the verdict of the others as it is', () => {
    const { evaluate } = compile({ enforced: when('true'), watched: logOnly(when('true')) });
    expect(evaluate(inputsWith())).toMatchObject({ effect: 'deny', determining: ['enforced'] });
  });

  test('reads values of its own: what only it reads and can not be shown denies nothing', () => {
    const { show, evaluate } = compile({
      enforced: when('context has rows && context.rows > 1000'),
      watched: logOnly(when('context has share && context.share > 50')),
    });
    const { ignored, ...shown } = show('read', sent({ rows: 1, share: 0.5, other: true }));
    expect({ ignored, ...shown }).toEqual({
      ignored: ['other'],
      context: { rows: 1 },
      unusable: [],
      logOnly: { context: {}, unusable: ['share'] },
    });
    const inputs = { ...inputsWith({ context: shown.context }), logOnly: shown.logOnly };
    expect(evaluate(inputs)).toMatchObject({ effect: 'allow', wouldDeny: ['watched'] });
    const usable = show('read', sent({ rows: 1, share: 20 }));
    expect(evaluate({ ...inputsWith(usable), logOnly: usable.logOnly })).not.toHaveProperty(
      'wouldDeny',
    );
  });

  test('that reads nothing of the context leaves no trace of it', () => {
    const { show } = compile({ watched: logOnly(when('principal.trust < 3')) });
    expect(show('read', sent({ rows: 1 }))).toEqual({
      context: {},
      unusable: [],
      ignored: ['rows'],
    });
  });
});

test('a policy wants every decision that its scope covers recorded first, also one it lets pass', () => {
  const { evaluate } = compile({
    p: recorded('forbid (principal, action == Action::"read", resource) when { false };'),
  });
  expect(evaluate(inputsWith())).toMatchObject({ effect: 'allow', record: 'required' });
  expect(evaluate(inputsWith({ action: 'list' }))).not.toHaveProperty('record');
});

describe('annotations', () => {
  test('of the author are free', () => {
    const text = `@id("x") @note("required") @code("POL-12") @reason("log only") ${when('true')}`;
    expect(checkPolicies({ p: text })).toEqual([]);
  });

  test.each([
    ['@mode("log-only")', '`@mode` can not be `log-only`; write `@mode("log_only")`'],
    ['@record', '`@record` can not be ``; write `@record("required")`'],
    ['@mdoe("log_only")', 'did you mean `@mode("log_only")`?'],
    ['@recrod("requierd")', 'did you mean `@record("required")`?'],
    ['@log_only', 'did you mean `@mode("log_only")`?'],
  ])('%s is refused, with what was meant', (annotation, message) => {
    const [problem] = checkPolicies({ p: `@id("a")\n${annotation} ${when('true')}` });
    expect(problem).toMatchObject({
      line: 2,
      column: 1,
      message: expect.stringContaining(message),
    });
  });
});
