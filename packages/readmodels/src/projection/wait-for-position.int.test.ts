import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { projections } from '../projections.ts';
import { claimAll, openTestStore, type TestStore } from '../test-store.fixture.ts';
import { applyEntries } from './apply.ts';
import type { Claimed } from './positions.ts';
import type { ProjectedEvent } from './projection.ts';
import { resetProjections } from './reset.ts';
import { waitForPosition } from './wait-for-position.ts';

let store: TestStore;
let claims: Claimed<ProjectedEvent>[];
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.drop());
beforeEach(async () => {
  await resetProjections(store.pool, projections.EVENTS);
  claims = await claimAll(store, projections.EVENTS);
});

const moveTo = (seq: number, only = claims) =>
  applyEntries(store.pool, only, { entries: [], through: { seq, id: `event-${seq}` } });
const wanted = { projections: ['agents', 'trust'], seq: 10, timeoutMs: 5000 };

describe('waiting for a position', () => {
  test('ends when every projection that is named is there', async () => {
    let done = false;
    const waiting = waitForPosition(store, wanted).then(() => {
      done = true;
    });
    await moveTo(
      10,
      claims.filter(({ projection }) => projection.name === 'agents'),
    );
    await waitForPosition(store, { ...wanted, projections: ['agents'] });
    expect(done).toBe(false);
    await moveTo(10);
    await waiting;
  });

  test('many that wait share their look-ups', async () => {
    const waiting = Promise.all(Array.from({ length: 200 }, () => waitForPosition(store, wanted)));
    await moveTo(12);
    await waiting;
  });

  test('gives up after its time and says which one is behind', async () => {
    await moveTo(9);
    await expect(waitForPosition(store, { ...wanted, timeoutMs: 20 })).rejects.toMatchObject({
      code: 'STALE_STATE',
      message: expect.stringContaining('`agents`'),
    });
  });

  test('does not wait for a projection that is paused', async () => {
    await store.pool.query(
      "update projection_positions set status = 'paused', paused_seq = 1, paused_reason = 'tomorrow' where projection = 'trust'",
    );
    await moveTo(
      10,
      claims.filter(({ projection }) => projection.name === 'agents'),
    );
    await expect(waitForPosition(store, { ...wanted, timeoutMs: 60_000 })).rejects.toMatchObject({
      code: 'STALE_STATE',
      message: expect.stringContaining('tomorrow'),
    });
  });

  test('more than a thousand at once are too many', async () => {
    const waiting = Array.from({ length: 1001 }, () =>
      waitForPosition(store, { ...wanted, timeoutMs: 50 }),
    );
    const codes = (await Promise.allSettled(waiting)).map((outcome) =>
      outcome.status === 'rejected' ? outcome.reason.code : 'fulfilled',
    );
    expect(codes.filter((code) => code === 'OVERLOADED')).toHaveLength(1);
  });
});
