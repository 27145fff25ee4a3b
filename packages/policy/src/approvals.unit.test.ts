import { describe, expect, test } from 'vitest';
import { checkPolicies } from './check.ts';
import { policyDigest } from './digest.ts';
import { openCedar } from './engine.ts';
import { inputsWith } from './inputs.fixture.ts';

const engine = openCedar();
const forbid = 'forbid (principal, action, resource);';
const asking = (terms = ''): string => `@outcome("require_approval")${terms} ${forbid}`;

function verdictOf(policies: Record<string, string>) {
  expect(checkPolicies(policies)).toEqual([]);
  const set = { digest: policyDigest('cedar', policies), policies };
  return engine.compile('approvals', set).evaluate(inputsWith());
}

describe('a policy that asks for an approval', () => {
  test('says how many persons for how long, one for an hour where it does not', () => {
    expect(verdictOf({ a: asking() })).toEqual({
      effect: 'deny',
      determining: ['a'],
      errors: [],
      trustDecides: false,
      approval: { needed: 1, ttlSeconds: 3600 },
    });
    expect(verdictOf({ a: asking('@approvals("2") @approvalTtl("60")') }).approval).toEqual({
      needed: 2,
      ttlSeconds: 60,
    });
  });

  test('beside others asks for the most persons and the shortest time of all that forbid', () => {
    const policies = {
      a: asking('@approvals("2") @approvalTtl("600")'),
      b: asking('@approvalTtl("60")'),
      elsewhere:
        '@outcome("require_approval") @approvalTtl("1") forbid (principal, action == Action::"write", resource);',
    };
    expect(verdictOf(policies)).toMatchObject({
      determining: ['a', 'b'],
      approval: { needed: 2, ttlSeconds: 60 },
    });
  });

  test('gives way to one that forbids for good', () => {
    const verdict = verdictOf({ a: asking(), b: forbid });
    expect(verdict).toMatchObject({ effect: 'deny', determining: ['a', 'b'] });
    expect(verdict.approval).toBeUndefined();
  });

  test('asks for nothing where any policy fails', () => {
    const verdict = verdictOf({
      a: asking(),
      b: 'forbid (principal, action, resource) when { context.absent > 1 };',
    });
    expect(verdict.errors).toHaveLength(1);
    expect(verdict.approval).toBeUndefined();
  });

  test('asks for an approval, not for trust, where more trust would do as well', () => {
    const verdict = verdictOf({
      a: '@outcome("require_approval") forbid (principal, action, resource) unless { principal.trust >= 900 };',
    });
    expect(verdict).toMatchObject({ trustDecides: false, approval: { needed: 1 } });
  });
});
