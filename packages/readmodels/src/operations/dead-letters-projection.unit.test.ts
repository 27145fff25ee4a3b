import type { DeadLetterOutcome } from '@writ/contracts';
import { expect, test } from 'vitest';
import type { DeadLetterRow } from './dead-letters.ts';
import { withOutcome } from './dead-letters-projection.ts';

const waiting: DeadLetterRow = {
  tenant: 'default',
  id: 'inbox-1-1',
  stream: 'INBOX',
  stream_seq: 1,
  subject: 's',
  key_id: null,
  verb: null,
  headers: [],
  body: '',
  code: 'INTERNAL',
  reason: 'r',
  details: [],
  attempts: 1,
  first_at: '',
  last_at: '',
  status: 'waiting',
  retries: 0,
  outcomes: [],
  seq: 1,
};

function result(outcome: DeadLetterOutcome['outcome'], by = 'key'): DeadLetterOutcome {
  return {
    outcomeId: 'o',
    letterId: 'inbox-1-1',
    outcome,
    by,
    at: '2027-01-01T00:00:00.000Z',
    code: outcome === 'failed' ? 'AGENT_UNKNOWN' : null,
    reason: null,
    seq: outcome === 'handled' ? 9 : null,
    events: [],
    fingerprint: 'secret',
  };
}

const after = (...outcomes: DeadLetterOutcome['outcome'][]) =>
  outcomes.map((outcome) => result(outcome)).reduce(withOutcome, waiting);

test.each([
  [[], 'waiting', 0],
  [['failed'], 'waiting', 1],
  [['failed', 'handled'], 'handled', 2],
  [['dropped'], 'dropped', 0],
  [['dropped', 'handled'], 'handled', 1],
  [['handled', 'dropped'], 'handled', 1],
  [['dropped', 'failed'], 'dropped', 1],
] as const)('after %j a letter is %s, with %i retries', (outcomes, status, retries) => {
  expect(after(...outcomes)).toMatchObject({ status, retries });
});

test('a letter shows who did what, and nothing of how a retry is recognised', () => {
  expect(withOutcome(waiting, result('failed', 'dana')).outcomes).toEqual([
    {
      outcome: 'failed',
      by: 'dana',
      at: '2027-01-01T00:00:00.000Z',
      code: 'AGENT_UNKNOWN',
      reason: null,
      seq: null,
    },
  ]);
});

test('a letter that is retried without end keeps the last hundred', () => {
  const row = Array.from({ length: 150 }, (_, i) => result('failed', `key-${i}`)).reduce(
    withOutcome,
    waiting,
  );
  expect(row.retries).toBe(150);
  expect(row.outcomes).toHaveLength(100);
  expect(row.outcomes.at(-1)?.by).toBe('key-149');
});
