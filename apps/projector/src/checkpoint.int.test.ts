import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lastInCommon, listPositions } from '@writ/readmodels';
import { applyStreams } from '@writ/streams';
import { appendRun, eventRun, eventually } from '@writ/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { startTestCell, type TestCell } from './cell.fixture.ts';
import { checkedSource } from './checked-source.ts';
import { projectionNames, rebuildReadModels } from './rebuild-read-models.ts';
import { eventsSource } from './sources.ts';

let cell: TestCell;
afterEach(() => cell.stop());

const patience = { withinMs: 60_000 };
const KEPT = 120;
const PROJECTED = 200;

const run = (count: number, tenant: string, seed: number) =>
  eventRun({ count, seed, tenants: [tenant] });
const others = (count: number) => appendRun(cell.log, run(count, 'other', 72));

async function startAgain(change: () => Promise<void>): Promise<void> {
  await cell.bus.kill();
  await change();
  await cell.bus.restart();
  await eventually(() => cell.log.status(), patience);
}

/** Puts the log back to what it was when it had `KEPT` events. */
async function restoreOlderCopy(): Promise<void> {
  await startAgain(async () => {
    await rm(join(cell.bus.dataDir, 'nats'), { recursive: true });
    await cp(join(cell.bus.dataDir, 'older'), join(cell.bus.dataDir, 'nats'), { recursive: true });
  });
}

async function makeAnew(): Promise<void> {
  // The connection may not be back yet after the server was started again.
  await eventually(() => cell.operator.request('$JS.API.STREAM.DELETE.EVENTS-1', ''), patience);
  await applyStreams(cell.operator, cell.bus.topology);
}

async function restoreAndGoOn(): Promise<void> {
  await restoreOlderCopy();
  await others(PROJECTED);
}

async function replace(): Promise<void> {
  await makeAnew();
  await others(PROJECTED + 100);
}

type Fault = [what: string, change: () => Promise<void>, common: number, projectorRuns: boolean];

const faults: Fault[] = [
  ['an older copy that was restored', restoreOlderCopy, KEPT, false],
  ['an older copy that went on otherwise', restoreAndGoOn, KEPT, false],
  ['an older copy that went on otherwise while the projector ran', restoreAndGoOn, KEPT, true],
  ['a stream that was emptied', makeAnew, 0, false],
  ['a stream that was replaced', replace, 0, false],
];

describe('a log that is not the one that was projected', () => {
  test.each(faults)('is refused with what to do: %s', async (_, change, common, projectorRuns) => {
    cell = await startTestCell();
    const projector = await cell.project();
    const events = run(PROJECTED, 'default', 71);
    await cell.reached(await appendRun(cell.log, events.slice(0, KEPT)));
    await startAgain(() =>
      cp(join(cell.bus.dataDir, 'nats'), join(cell.bus.dataDir, 'older'), { recursive: true }),
    );
    await cell.reached(await appendRun(cell.log, events.slice(KEPT)));
    if (!projectorRuns) await projector.stop();
    await change();

    const refused = projectorRuns ? projector : await cell.project();
    await eventually(() => refused.ready().detail?.includes('`writ doctor --repair`'), patience);
    const room = { connection: cell.operator, store: cell.store, cell: cell.bus.secrets.cell };
    const log = await eventually(
      () => checkedSource(cell.operator, { cell: room.cell, source: eventsSource }),
      patience,
    );
    await expect(rebuildReadModels(room, ['executions'])).rejects.toMatchObject({
      code: 'CHECKPOINT_MISMATCH',
    });
    const positions = (await listPositions(cell.store)).filter(({ source }) => source === 'EVENTS');
    expect(new Set(positions.map(({ seq }) => seq))).toEqual(new Set([PROJECTED]));
    // The newest fact that both have is not the newest event that both have.
    const agreed = await lastInCommon(cell.store.pool, log);
    expect(agreed).toBeLessThanOrEqual(common);
    expect(agreed).toBeGreaterThan(common - 20);

    await rebuildReadModels(room, projectionNames(), { replaceForeign: true });
    expect(await cell.differences()).toEqual([]);
    await eventually(() => refused.ready().ok, patience);
    const { lastSeq } = await cell.log.status();
    await appendRun(cell.log, run(50, 'late', 73));
    await cell.reached(lastSeq + 50);
    expect(await cell.differences()).toEqual([]);
  });
});
