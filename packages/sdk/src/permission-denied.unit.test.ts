import type { EvaluationReply } from '@writ/contracts';
import { expect, test } from 'vitest';
import { PermissionDenied } from './permission-denied.ts';

function reply(context: Partial<EvaluationReply['context']>): EvaluationReply {
  return {
    decision: false,
    context: {
      outcome: 'deny',
      decisionId: '01a1f876-b75b-7202-814a-f83085fe16d6',
      reasons: [{ kind: 'gate', id: 'town:a', text: 'no grant covers it' }],
      policies: [],
      obligations: [],
      trust: 120,
      seq: 7,
      policyDigest: 'sha256:none',
      evaluatedAt: '2026-01-01T00:00:00.000Z',
      ignored: [],
      ...context,
    },
  };
}

test('a denial says what was asked, why not, and under which decision', () => {
  const denied = new PermissionDenied(reply({ code: 'NO_GRANT' }), '`read` on `dataset:a`');
  expect(denied).toMatchObject({
    name: 'PermissionDenied',
    message: '`read` on `dataset:a` was not allowed: no grant covers it',
    code: 'NO_GRANT',
    outcome: 'deny',
    decisionId: '01a1f876-b75b-7202-814a-f83085fe16d6',
    trust: 120,
    retryable: false,
  });
});

test('a denial out of doubt may pass', () => {
  expect(new PermissionDenied(reply({ code: 'STALE_STATE' }), 'it')).toHaveProperty(
    'retryable',
    true,
  );
});

test('a required approval is told apart from a denial', () => {
  const denied = new PermissionDenied(reply({ outcome: 'require_approval' }), 'it');
  expect(denied).toMatchObject({ code: 'REQUIRE_APPROVAL', outcome: 'require_approval' });
});
