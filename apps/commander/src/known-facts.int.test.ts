import type { NewEvent } from '@writ/bus';
import { subjects } from '@writ/contracts';
import { openStore, type Store } from '@writ/readmodels';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ADMIN, agent, type Commanders, startCommanders, tenant } from './commanders.fixture.ts';

/** So many that the commander has to ask the read models. */
const FACTS = 300;
const agentId = 'town:busy';
const subject = subjects.facts(tenant, agentId);

let cell: Commanders;
let tables: Store;

const started = (n: number) => ({
  executionId: `run-${n}`,
  agentId,
  action: 'count',
  resource: 'dataset:bikes',
});

function stored(n: number): NewEvent {
  return {
    type: 'ExecutionStarted',
    data: { ...started(n), decisionId: null, startedAt: null },
    id: `event-${n}`,
    timeMs: Date.now(),
    version: n + 1,
    tenant,
    actor: { type: 'api_key', id: ADMIN },
    aggregate: `facts/${agentId}`,
  };
}

beforeAll(async () => {
  cell = await startCommanders(1);
  tables = openStore(cell.database.url, { max: 1 });
  await cell.done('registry.register-agent', agent('busy'));
  const events = Array.from({ length: FACTS }, (_, n) => stored(n));
  await cell.store.append([{ subject, expectedLastSeq: 0, events }]);
});
beforeEach(() => tables.pool.query('delete from projection_positions'));
afterAll(async () => {
  await tables?.close();
  await cell?.stop();
});

/** Positions as a projector left them that had read another log. */
async function placeAt(position: {
  readonly cell?: string;
  readonly created?: string;
  readonly seq: number;
  readonly messageId?: string;
}): Promise<void> {
  const { created } = await cell.store.status();
  await tables.pool.query(
    `insert into projection_positions (projection, version, source, cell, segment, stream_created, seq, msg_id, epoch, status)
     select p, 1, 'EVENTS', $1, 1, $2, $3, $4, 1, 'running' from unnest(array['executions', 'feedback']) p`,
    [
      position.cell ?? cell.bus.secrets.cell,
      position.created ?? created,
      position.seq,
      position.messageId ?? null,
    ],
  );
}

test.each([
  ['the log that was there before', { created: '2020-01-01T00:00:00Z', seq: 200 }],
  ['another cell', { cell: 'c00000000', seq: 200 }],
  ['a log that was longer', { seq: 10_000 }],
  ['a log with another event there', { seq: 200, messageId: 'not-this-one' }],
])(
  'read models made from %s are not believed: a fact is refused rather than stored twice',
  async (_what, position) => {
    await placeAt(position);
    const { lastSeq } = await cell.store.status();
    for (const n of [5, FACTS + 1])
      expect(await cell.refused('execution.start', started(n))).toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('writ doctor --repair'),
      });
    expect((await cell.store.status()).lastSeq).toBe(lastSeq);
  },
);

test('facts are told from new ones again when the read models are mended', async () => {
  await placeAt({ created: '2020-01-01T00:00:00Z', seq: 200 });
  await cell.refused('execution.start', started(FACTS));
  await tables.pool.query('delete from projection_positions');
  const { events } = await cell.done('execution.start', started(FACTS));
  expect(await cell.done('execution.start', started(FACTS))).toMatchObject({ events });
  expect((await cell.store.load(subject)).events).toHaveLength(FACTS + 1);
});
