import { describe, expect, test } from 'vitest';
import { announcement, recorded, report } from '../recorded.fixture.ts';
import { evolveExecution } from './executions-projection.ts';

const started = recorded(
  { type: 'ExecutionStarted', data: announcement },
  { seq: 4, idempotencyKey: 'start-1' },
);
const reported = recorded(
  { type: 'ExecutionReported', data: report },
  { seq: 9, idempotencyKey: 'report-1' },
);

describe('the row of an execution', () => {
  test('keeps its announcement and its report, each with what retries are recognised by', () => {
    const row = evolveExecution(evolveExecution(undefined, started), reported);
    expect(row).toMatchObject({
      fact_key: 'default/worker/exec-1',
      outcome: 'succeeded',
      decision_id: 'decision-1',
      started_at: '2027-01-04T09:00:00Z',
      announced_at: '2027-01-04T09:00:04.000Z',
      announced_seq: 4,
      announced_id: 'event-4',
      announced_fingerprint: 'print-4',
      announced_under: 'default/worker/k0operator/start-1',
      reported_at: '2027-01-04T09:00:09.000Z',
      reported_seq: 9,
      reported_id: 'event-9',
      reported_fingerprint: 'print-9',
      reported_under: 'default/worker/k0operator/report-1',
      created_seq: 4,
      seq: 9,
    });
  });

  test('is listed where it was first heard of, whichever came first', () => {
    const late = recorded({ type: 'ExecutionStarted', data: announcement }, { seq: 12 });
    const row = evolveExecution(evolveExecution(undefined, reported), late);
    expect(row).toMatchObject({ created_seq: 9, seq: 12, announced_seq: 12, outcome: 'succeeded' });
  });

  test('is not touched by what is said a second time', () => {
    const row = evolveExecution(evolveExecution(undefined, started), reported);
    const again = recorded(
      { type: 'ExecutionReported', data: { ...report, outcome: 'cancelled' } },
      { seq: 20 },
    );
    expect(evolveExecution(row, again)).toBe(row);
    expect(
      evolveExecution(row, recorded({ type: 'ExecutionStarted', data: announcement }, { seq: 21 })),
    ).toBe(row);
  });
});
