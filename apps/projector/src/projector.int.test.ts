import { once } from 'node:events';
import { ingestSubject, subjects, typeOf } from '@writ/contracts';
import { openDeadLetters, openDecisionLog } from '@writ/bus';
import { listDecisions, listPositions, projections, resetProjections } from '@writ/readmodels';
import { applyStreams } from '@writ/streams';
import { appendRun, eventRun, eventually } from '@writ/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { startTestCell, type TestCell } from './cell.fixture.ts';
import { rebuildReadModels } from './rebuild-read-models.ts';

let cell: TestCell;
afterEach(() => cell.stop());

const scope = { tenant: 'default', nowMs: Date.now() };

async function positionsOf(source: string) {
  return (await listPositions(cell.store)).filter((position) => position.source === source);
}

describe('projecting the log', () => {
  test('rows equal a fresh fold of the log, and positions are at its end', async () => {
    cell = await startTestCell();
    const last = await appendRun(cell.log, eventRun({ count: 2000, seed: 21 }));
    const projector = await cell.project();
    await cell.reached(last);
    await appendRun(cell.log, eventRun({ count: 50, seed: 22, tenants: ['late'] }));
    await cell.reached(2050);
    expect(await cell.differences()).toEqual([]);
    await eventually(() => projector.lag().every(({ behind }) => behind === 0));
    await eventually(() => projector.ready().ok);
  });

  test('a projector killed in the middle leaves nothing that the next one does not mend', async () => {
    cell = await startTestCell();
    const writing = appendRun(cell.log, eventRun({ count: 5000, seed: 23, agents: 60 }));
    for (const after of [500, 2000, 3500]) {
      const child = await cell.spawnProjector();
      await cell.reached(after);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const last = await writing;
    await cell.project();
    await cell.reached(last);
    expect(await cell.differences()).toEqual([]);
  });

  test('a projector that stops has finished its batch, and the next goes on from there', async () => {
    cell = await startTestCell();
    const writing = appendRun(cell.log, eventRun({ count: 2000, seed: 24 }));
    const first = await cell.project();
    await cell.reached(300);
    await first.stop();
    const stoppedAt = await positionsOf('EVENTS');
    expect(new Set(stoppedAt.map(({ seq }) => seq)).size).toBe(1);
    const last = await writing;
    await cell.project();
    await cell.reached(last);
    expect(await cell.differences()).toEqual([]);
  });
});

describe('two projectors', () => {
  test('one stands by and takes over when the other is killed', async () => {
    cell = await startTestCell();
    const first = await cell.spawnProjector();
    await cell.reached(0);
    const second = await cell.project();
    await eventually(() => second.ready().ok);
    expect(second.lag()).toEqual([]);
    const last = await appendRun(cell.log, eventRun({ count: 800, seed: 25 }));
    await cell.reached(last);
    first.kill('SIGKILL');
    await once(first, 'exit');
    await eventually(() => second.lag().length > 0);
    await appendRun(cell.log, eventRun({ count: 300, seed: 26, tenants: ['late'] }));
    await cell.reached(1100);
    expect(await cell.differences()).toEqual([]);
  });

  test('one that lost its lock without noticing is fenced: nothing is applied twice', async () => {
    cell = await startTestCell();
    const [one, two] = [await cell.project(), await cell.project()];
    const writing = appendRun(cell.log, eventRun({ count: 3000, seed: 27, agents: 40 }));
    for (const after of [200, 1000, 2000]) {
      await cell.reached(after);
      // Whoever holds the locks loses them, at a moment of no one's choosing.
      await cell.store.pool.query(
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())",
      );
    }
    await cell.reached(await writing);
    expect(await cell.differences()).toEqual([]);
    await eventually(() => one.ready().ok && two.ready().ok);
  });
});

describe('outages', () => {
  test('Postgres stopped and started in the middle changes nothing', async () => {
    cell = await startTestCell({ ownPostgres: true });
    const projector = await cell.project();
    const writing = appendRun(cell.log, eventRun({ count: 3000, seed: 28, agents: 40 }));
    await cell.reached(300);
    await cell.postgres?.halt();
    await eventually(() => !projector.ready().ok);
    expect(projector.ready().detail).toContain('can not be reached');
    await cell.postgres?.resume();
    await cell.reached(await writing);
    expect(await cell.differences()).toEqual([]);
    await eventually(() => projector.ready().ok);
  });

  test('NATS killed and started in the middle changes nothing', async () => {
    cell = await startTestCell();
    await cell.project();
    await appendRun(cell.log, eventRun({ count: 1500, seed: 29 }));
    await cell.bus.kill();
    await cell.bus.restart();
    const { lastSeq } = await eventually(() => cell.log.status());
    const last = await appendRun(cell.log, eventRun({ count: 300, seed: 30, tenants: ['late'] }));
    expect(last).toBe(lastSeq + 300);
    await cell.reached(last);
    expect(await cell.differences()).toEqual([]);
  });
});

describe('doubt', () => {
  test('an emptied stream is refused, says how to mend it, and goes on after a repair', async () => {
    cell = await startTestCell();
    const projector = await cell.project();
    await cell.reached(await appendRun(cell.log, eventRun({ count: 200, seed: 31 })));
    await cell.operator.request('$JS.API.STREAM.DELETE.EVENTS-1', '');
    await applyStreams(cell.operator, cell.bus.topology);
    await eventually(() => projector.ready().detail?.includes('writ doctor --repair') === true, {
      withinMs: 40_000,
    });
    expect(new Set((await positionsOf('EVENTS')).map(({ seq }) => seq))).toEqual(new Set([200]));
    const last = await appendRun(cell.log, eventRun({ count: 300, seed: 32 }));
    await resetProjections(cell.store.pool, projections.EVENTS);
    await cell.reached(last);
    expect(await cell.differences()).toEqual([]);
    await eventually(() => projector.ready().ok);
  });

  test('projections that are reset while nothing happens are built again', async () => {
    cell = await startTestCell();
    await cell.project();
    const last = await appendRun(cell.log, eventRun({ count: 300, seed: 35 }));
    await cell.reached(last);
    await resetProjections(
      cell.store.pool,
      projections.EVENTS.filter(({ name }) => name === 'trust'),
    );
    await eventually(async () => (await positionsOf('EVENTS')).every(({ seq }) => seq === last));
    expect(await cell.differences()).toEqual([]);
  });

  test('an event of tomorrow pauses the projections that read its kind, and no others', async () => {
    cell = await startTestCell();
    const projector = await cell.project();
    await cell.reached(await appendRun(cell.log, eventRun({ count: 100, seed: 33 })));
    const { headers } = await import('@nats-io/nats-core');
    const lines = headers();
    for (const [name, value] of Object.entries({
      'ce-id': 'e-1',
      'ce-type': typeOf('GrantIssued').replace('GrantIssued', 'GrantRenewed'),
      'ce-time': new Date().toISOString(),
      'ce-writtenant': 'default',
      'ce-writversion': '1',
    }))
      lines.set(name, value);
    const subject = ingestSubject(cell.bus.secrets.ingest, subjects.grants('default', 'nobody'));
    await cell.operator.request(subject, '{}', { timeout: 2000, headers: lines });
    const last = await appendRun(cell.log, eventRun({ count: 100, seed: 34, tenants: ['late'] }));
    const others = projections.EVENTS.filter(({ kinds }) => !kinds.includes('authority.grants'));
    await eventually(async () => {
      const reached = (await positionsOf('EVENTS')).filter(({ seq }) => seq === last);
      return reached.length === others.length;
    });
    const grants = (await positionsOf('EVENTS')).find(({ projection }) => projection === 'grants');
    expect(grants).toMatchObject({
      seq: 100,
      status: 'paused',
      paused: { seq: 101, reason: expect.stringContaining('GrantRenewed') },
    });
    await eventually(() => projector.ready().detail?.includes('GrantRenewed') === true);
  });
});

describe('the other streams', () => {
  test('decisions and dead letters become rows, gaps included', async () => {
    cell = await startTestCell();
    await cell.project();
    const decisions = openDecisionLog({
      connection: await cell.bus.connect('governor-store'),
      ingest: cell.bus.secrets.ingest,
    });
    const at = { tenant: 'default', governor: 'g1', boot: 'b1', firstN: 1 };
    await decisions.append({ ...at, body: JSON.stringify([decision(1), decision(2), gap(3)]) });
    const letters = openDeadLetters({
      connection: await cell.bus.connect('commander-store'),
      ingest: cell.bus.secrets.ingest,
    });
    await letters.write({
      id: 'letter-1',
      tenant: 'default',
      stream: 'INBOX',
      seq: 7,
      subject: 'writ.default.inbox.k0operator.execution.report',
      keyId: 'k0operator',
      verb: 'execution.report',
      headers: [['Writ-Idempotency-Key', 'x']],
      body: 'e30=',
      code: 'BODY_INVALID',
      reason: 'the body is not valid',
      details: [],
      attempts: 3,
      firstAt: '2027-01-01T00:00:00.000Z',
      lastAt: '2027-01-01T00:00:01.000Z',
    });
    const count = async (table: string) =>
      (await cell.store.pool.query(`select count(*)::integer as n from ${table}`)).rows[0].n;
    await eventually(
      async () => (await count('decision_gaps')) === 1 && (await count('dead_letters')) === 1,
    );
    const { items } = await listDecisions(cell.store, scope, { limit: 50 });
    expect(
      items.map(({ decisionId, resource, trust }) => ({ decisionId, resource, trust })),
    ).toEqual([
      { decisionId: 'd-2', resource: 'dataset:sales', trust: 120 },
      { decisionId: 'd-1', resource: 'dataset:sales', trust: 120 },
    ]);
    expect(await cell.differences()).toEqual([]);
  });

  test('a batch that was stored again after the broker had forgotten it is one of each row', async () => {
    cell = await startTestCell();
    await cell.project();
    const name = 'DECISIONS';
    const info = await cell.operator.request(`$JS.API.STREAM.INFO.${name}`);
    const { config } = info.json<{ config: object }>();
    await cell.operator.request(
      `$JS.API.STREAM.UPDATE.${name}`,
      JSON.stringify({ ...config, duplicate_window: 100_000_000 }),
    );
    const decisions = openDecisionLog({
      connection: await cell.bus.connect('governor-store'),
      ingest: cell.bus.secrets.ingest,
    });
    const at = { tenant: 'default', governor: 'g1', boot: 'b1', firstN: 1 };
    const batch = { ...at, body: JSON.stringify([decision(1), decision(2), gap(3)]) };
    const first = await decisions.append(batch);
    const again = await eventually(async () => {
      const seq = await decisions.append(batch);
      if (seq === first) throw new Error('the broker still knows the batch');
      return seq;
    });
    const reached = () =>
      eventually(async () => {
        const positions = await positionsOf(name);
        return positions.length > 0 && positions.every(({ seq }) => seq >= again);
      });
    const rows = async () =>
      (
        await cell.store.pool.query(
          'select n, seq from decisions union all select n, seq from decision_gaps order by n',
        )
      ).rows.map((row) => [row.n, row.seq]);
    await reached();
    expect(await rows()).toEqual([1, 2, 3].map((n) => [n, first]));
    expect(await cell.differences()).toEqual([]);
    const room = { connection: cell.operator, store: cell.store, cell: cell.bus.secrets.cell };
    await rebuildReadModels(room, ['decisions']);
    expect(await rows()).toEqual([1, 2, 3].map((n) => [n, first]));
  });
});

const numbering = { governor: 'g1', boot: 'b1' };

function decision(n: number) {
  return {
    kind: 'decision',
    ...numbering,
    n,
    decisionId: `d-${n}`,
    inputs: {
      tenant: 'default',
      key: { keyId: 'k0operator', status: 'active', speaksForAgent: true },
      request: {
        agentId: 'worker-1',
        action: 'generate_chart',
        resource: { type: 'dataset', id: 'sales' },
        context: {},
      },
      unusable: [],
      agent: null,
      grants: [],
      missed: [],
      trust: { score: 120, model: 'writ-trust-1', r: '0.000000000', s: '0.000000000', minute: 0 },
      policies: { version: null, digest: 'sha256:none' },
      engine: { name: 'cedar', version: '4.13.0' },
      nowMs: 1_800_000_000_000 + n,
      seq: 12,
    },
    outcome: 'deny',
    code: 'NO_GRANT',
    reasons: [{ kind: 'grant', id: 'none', text: 'no grant covers it' }],
    determining: ['base.grants'],
    obligations: [],
    ignored: [],
    durability: 'required',
  };
}

function gap(n: number) {
  return {
    kind: 'gap',
    ...numbering,
    n,
    previousBoot: 'b0',
    lastRecorded: 4,
    mayBeMissing: 1000,
    nowMs: 1_800_000_000_000,
  };
}
