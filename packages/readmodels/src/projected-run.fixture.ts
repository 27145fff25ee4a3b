/** The rows of a run of events, and the world that governors fold from the same run. */
import type { WritEvent } from '@writ/contracts';
import { emptyWorld, foldEvent, type Tenant, type World } from '@writ/domain';
import { eventRun, storedRun } from '@writ/testkit';
import { applyEntries } from './projection/apply.ts';
import type { Claimed } from './projection/positions.ts';
import type { ProjectedEvent } from './projection/projection.ts';
import { projections } from './projections.ts';
import type { Page, Scope } from './queries/page.ts';
import { recorded } from './recorded.fixture.ts';
import {
  batchOf,
  claimAll,
  entriesOf,
  openTestStore,
  type TestStore,
} from './test-store.fixture.ts';

export type ProjectedRun = {
  readonly store: TestStore;
  readonly claims: readonly Claimed<ProjectedEvent>[];
  readonly events: readonly ProjectedEvent[];
  readonly world: World;
  /** The world's tenant `default`. */
  readonly tenant: Tenant;
  /** Three days after the last event. */
  readonly scope: Scope;
  /** Projects this many more events of the same run and folds them into the world. */
  more(count: number): Promise<void>;
  /** Projects one more event of a subject of the tenant and folds it into the world. */
  tell(subject: string, event: WritEvent): Promise<void>;
};

const SEED = { seed: 51, agents: 30 };

export async function projectRun(count: number): Promise<ProjectedRun> {
  const store = await openTestStore();
  const claims = await claimAll(store, projections.EVENTS);
  const world = emptyWorld();
  const project = async (events: readonly ProjectedEvent[]) => {
    await applyEntries(store.pool, claims, batchOf(entriesOf(events)));
    for (const event of events) foldEvent(world, event);
  };
  const events = storedRun(eventRun({ count, ...SEED }));
  await project(events);
  const tenant = world.tenants.get('default');
  if (!tenant) throw new Error('the run has no tenant `default`');
  return {
    store,
    claims,
    events,
    world,
    tenant,
    scope: { tenant: 'default', nowMs: world.timeMs + 3 * 86_400_000 },
    tell: (subject, event) =>
      project([{ ...recorded(event, { seq: world.seq + 1, timeMs: world.timeMs + 1 }), subject }]),
    more: (further) =>
      project(storedRun(eventRun({ count: count + further, ...SEED })).slice(count)),
  };
}

/** Every item of a list, page by page. */
export async function everyPage<View>(
  fetch: (cursor: string | undefined) => Promise<Page<View>>,
): Promise<View[]> {
  const items: View[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await fetch(cursor);
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    cursor = page.nextCursor;
  }
}
