import { eventRun, storedRun } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyEntries } from '../projection/apply.ts';
import { resetProjections } from '../projection/reset.ts';
import { projections } from '../projections.ts';
import { announcement, recorded, report } from '../recorded.fixture.ts';
import {
  batchOf,
  claimAll,
  entriesOf,
  openTestStore,
  type TestStore,
} from '../test-store.fixture.ts';
import { type FactQuery, knownFacts } from './known-facts.ts';

const events = [
  recorded({ type: 'ExecutionStarted', data: announcement }, { seq: 1, idempotencyKey: 'start-1' }),
  recorded(
    { type: 'ExecutionReported', data: { ...report, executionId: 'exec-2' } },
    { seq: 2, idempotencyKey: 'report-2' },
  ),
  recorded(
    {
      type: 'FeedbackGiven',
      data: {
        feedbackId: 'fb-1',
        agentId: 'worker',
        executionId: null,
        rating: 0.9,
        source: 'human',
        rater: 'usr_dana',
        severity: 'normal',
        comment: null,
      },
    },
    { seq: 3 },
  ),
].map((event) => ({ ...event, subject: 'writ.default.evt.execution.facts._.worker' }));

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.drop());

const ask = (kind: FactQuery['kind'], id: string, more: Partial<FactQuery> = {}): FactQuery => ({
  tenant: 'default',
  agentId: 'worker',
  kind,
  id,
  keyId: 'k0operator',
  idempotencyKey: null,
  ...more,
});

describe('known facts', () => {
  test('before anything is projected nothing is known up to 0', async () => {
    expect(await knownFacts(store, [ask('started', 'exec-1')])).toEqual({
      answers: [{ fact: undefined, position: 0 }],
      positions: [],
    });
  });

  test('facts are found by id or by idempotency key, in the order they were asked for', async () => {
    const claims = await claimAll(store, projections.EVENTS);
    await applyEntries(store.pool, claims, {
      ...batchOf(entriesOf(events)),
      through: { seq: 9, id: 'event-9' },
    });
    const { answers, positions } = await knownFacts(store, [
      ask('feedback', 'fb-1'),
      ask('started', 'exec-1'),
      ask('reported', 'exec-1'),
      ask('reported', 'unheard', { idempotencyKey: 'report-2' }),
      ask('started', 'exec-2'),
      ask('started', 'exec-1', { agentId: 'other' }),
      ask('started', 'exec-1', { tenant: 'acme' }),
      ask('started', 'unheard', { idempotencyKey: 'report-2' }),
      ask('reported', 'unheard', { idempotencyKey: 'report-2', keyId: 'k0another0' }),
    ]);
    expect(new Set(answers.map(({ position }) => position))).toEqual(new Set([9]));
    expect(positions.map(({ projection, seq, msg_id }) => [projection, seq, msg_id])).toEqual(
      expect.arrayContaining(['executions', 'feedback'].map((name) => [name, 9, 'event-9'])),
    );
    expect(answers.map(({ fact }) => fact)).toEqual([
      { id: 'fb-1', eventId: 'event-3', seq: 3, fingerprint: 'print-3' },
      { id: 'exec-1', eventId: 'event-1', seq: 1, fingerprint: 'print-1' },
      undefined,
      { id: 'exec-2', eventId: 'event-2', seq: 2, fingerprint: 'print-2' },
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('a kind whose projection is paused at its start leaves the others where they are', async () => {
    await store.pool.query(
      `update projection_positions set seq = 0 where projection = 'validations'`,
    );
    const { answers } = await knownFacts(store, [
      ask('validated', 'v-1'),
      ask('started', 'exec-1'),
      ask('reported', 'exec-2'),
      ask('feedback', 'fb-1'),
    ]);
    expect(answers.map(({ position }) => position)).toEqual([0, 9, 9, 9]);
  });

  test('every fact of a long run is known, with nothing beyond the position', async () => {
    await resetProjections(store.pool, projections.EVENTS);
    const run = storedRun(eventRun({ count: 2000, seed: 41 }));
    await applyEntries(
      store.pool,
      await claimAll(store, projections.EVENTS),
      batchOf(entriesOf(run.slice(0, 1500))),
    );
    const queries = run.flatMap((event): (FactQuery & { seq: number })[] => {
      const { tenant, seq } = event;
      if (event.type === 'ExecutionStarted')
        return [
          { ...ask('started', event.data.executionId), tenant, agentId: event.data.agentId, seq },
        ];
      if (event.type === 'ExecutionReported')
        return [
          { ...ask('reported', event.data.executionId), tenant, agentId: event.data.agentId, seq },
        ];
      if (event.type === 'FeedbackGiven')
        return [
          { ...ask('feedback', event.data.feedbackId), tenant, agentId: event.data.agentId, seq },
        ];
      return [];
    });
    const { answers } = await knownFacts(store, queries);
    expect(new Set(answers.map(({ position }) => position))).toEqual(new Set([1500]));
    expect(answers.map(({ fact }) => fact?.seq)).toEqual(
      queries.map(({ seq }) => (seq <= 1500 ? seq : undefined)),
    );
  });
});
