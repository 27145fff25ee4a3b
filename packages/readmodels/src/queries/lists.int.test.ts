import {
  agentDetailView,
  agentsQuery,
  agentView,
  type DecisionRecord,
  decisionDetailView,
  decisionsQuery,
  decisionView,
  executionsQuery,
  executionView,
  feedbackQuery,
  feedbackView,
  grantsQuery,
  grantView,
  keysQuery,
  keyView,
  policiesQuery,
  policyVersionDetailView,
  policyVersionView,
  trustView,
} from '@writ/contracts';
import { emptyWorld, foldEvent, minuteOf, readTrust, DEFAULT_TRUST_MODEL } from '@writ/domain';
import { eventRun, storedRun } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getPolicyVersion, listPolicyVersions } from '../authority/policy-queries.ts';
import { getDecision, listDecisions } from '../authority/decision-queries.ts';
import { getGrant, listGrants } from '../authority/grant-queries.ts';
import { getExecution, listExecutions } from '../execution/execution-queries.ts';
import { applyEntries } from '../projection/apply.ts';
import type { Claimed } from '../projection/positions.ts';
import type { ProjectedEvent } from '../projection/projection.ts';
import { projections } from '../projections.ts';
import { getAgent, listAgents } from '../registry/agent-queries.ts';
import { getKey, listKeys } from '../tenancy/key-queries.ts';
import {
  batchOf,
  claimAll,
  entriesOf,
  openTestStore,
  testSource,
  type TestStore,
} from '../test-store.fixture.ts';
import { listFeedback } from '../trust/feedback-queries.ts';
import { getTrust } from '../trust/trust-queries.ts';
import type { Page } from './page.ts';

const COUNT = 1500;
const planned = eventRun({ count: COUNT, seed: 51, agents: 30 });
const run = storedRun(planned);
const nowMs = (run.at(-1)?.timeMs ?? 0) + 3 * 86_400_000;
const scope = { tenant: 'default', nowMs };
const world = emptyWorld();
for (const event of run) foldEvent(world, event);
const tenant = world.tenants.get('default');
if (!tenant) throw new Error('the run has no tenant `default`');

let store: TestStore;
let claims: Claimed<ProjectedEvent>[];
beforeAll(async () => {
  store = await openTestStore();
  claims = await claimAll(store, projections.EVENTS);
  await applyEntries(store.pool, claims, batchOf(entriesOf(run)));
});
afterAll(() => store.drop());

/** Every item of a list, page by page. */
async function all<View>(
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

const agents = (filters: Record<string, unknown> = {}) =>
  all((cursor) => listAgents(store, scope, agentsQuery.parse({ limit: '7', cursor, ...filters })));
const grants = (filters: Record<string, unknown> = {}) =>
  all((cursor) => listGrants(store, scope, grantsQuery.parse({ cursor, ...filters })));
const executions = (filters: Record<string, unknown> = {}) =>
  all((cursor) => listExecutions(store, scope, executionsQuery.parse({ cursor, ...filters })));

describe('agents', () => {
  test('every agent of the tenant is listed once, newest first, with the status and trust that governors see', async () => {
    const listed = await agents();
    expect(listed.map((view) => agentView.parse(view))).toEqual(listed);
    const registered = run.filter(
      (event) => event.type === 'AgentRegistered' && event.tenant === 'default',
    );
    expect(listed.map(({ agentId }) => agentId)).toEqual(
      registered
        .map((event) => (event.type === 'AgentRegistered' ? event.data.agentId : ''))
        .reverse(),
    );
    for (const { agentId, status, trust, latched, version } of listed) {
      const state = tenant.agents.get(agentId);
      const known = tenant.trust.get(agentId);
      if (!state || state.status === 'unknown' || !known)
        throw new Error(`${agentId} is not in the world`);
      expect({ status, version, trust, latched }).toEqual({
        status: state.status,
        version: state.current.version,
        trust: readTrust(known, minuteOf(nowMs), DEFAULT_TRUST_MODEL).score,
        latched: known.latchedBy !== null,
      });
    }
  });

  test('filters leave what they name', async () => {
    const everyone = await agents();
    const ids = (views: readonly { agentId: string }[]) => views.map(({ agentId }) => agentId);
    const kept = (keep: (view: (typeof everyone)[number]) => boolean) => ids(everyone.filter(keep));
    expect(ids(await agents({ type: 'summary' }))).toEqual(kept(({ type }) => type === 'summary'));
    expect(ids(await agents({ status: 'suspended' }))).toEqual(
      kept(({ status }) => status === 'suspended'),
    );
    expect(ids(await agents({ owner: 'team-1' }))).toEqual(kept(({ owner }) => owner === 'team-1'));
    expect(ids(await agents({ capability: ['cap_1', 'png_export'] }))).toEqual(
      kept(({ capabilities }) => capabilities.includes('cap_1')),
    );
    expect(ids(await agents({ label: ['framework=crew', 'tier'] }))).toEqual(
      kept(({ labels }) => labels['framework'] === 'crew'),
    );
    expect(ids(await agents({ q: 'CONTAINER-1' }))).toEqual(
      kept(({ agentId }) => agentId.includes('container-1')),
    );
    expect(ids(await agents({ q: 'worker_1' }))).toEqual([]);
    expect(ids(await agents({ minTrust: '121' }))).toEqual(kept(({ trust }) => trust >= 121));
    expect(ids(await agents({ type: 'nothing' }))).toEqual([]);
  });

  test('a range of versions finds every version that was registered, not the last alone', async () => {
    const inRange = await agents({ version: '<2' });
    expect(inRange).toHaveLength((await agents()).length);
    expect(inRange.some(({ version }) => version !== '1.0.0')).toBe(true);
    const newer = await agents({ version: '>=2.0.0 <4' });
    expect(newer.map(({ version }) => version)).not.toContain('1.0.0');
    await expect(agents({ version: 'not a range' })).rejects.toMatchObject({
      code: 'QUERY_INVALID',
    });
  });

  test('one agent has its versions, newest first', async () => {
    const [first] = await agents({ version: '>=2' });
    const agent = agentDetailView.parse(await getAgent(store, scope, first?.agentId ?? ''));
    expect(agent.versions[0]?.version).toBe(agent.version);
    expect(agent.versions.at(-1)?.version).toBe('1.0.0');
    expect(await getAgent(store, { ...scope, tenant: 'nobody' }, agent.agentId)).toBeUndefined();
  });
});

describe('grants, policies and keys', () => {
  test('grants are filtered by what covers a name, and by how they stand now', async () => {
    const everything = await grants();
    expect(everything.map((view) => grantView.parse(view))).toEqual(everything);
    expect(await grants({ action: 'read_file' })).toEqual(everything);
    expect(await grants({ action: 'write_file' })).toEqual([]);
    expect(await grants({ resource: 'dataset:anything' })).toEqual(everything);
    for (const status of ['active', 'expired', 'revoked', 'not_yet'])
      expect(await grants({ status })).toEqual(
        everything.filter((grant) => grant.status === status),
      );
    expect(new Set(everything.map(({ status }) => status))).toEqual(
      new Set(['active', 'expired', 'revoked']),
    );
    const [first] = everything;
    expect(await getGrant(store, scope, first?.grantId ?? '')).toEqual(first);
  });

  test('exactly one version of the policies is active, the one that the world has', async () => {
    const { items } = await listPolicyVersions(store, scope, policiesQuery.parse({}));
    expect(items.map((view) => policyVersionView.parse(view))).toEqual(items);
    expect(items.filter(({ active }) => active).map(({ version }) => version)).toEqual([
      tenant.policies.active?.version,
    ]);
    const detail = policyVersionDetailView.parse(await getPolicyVersion(store, scope, '1'));
    expect(detail.policies).toEqual(tenant.policies.published.get('1')?.policies);
  });

  test('keys are as the world has them', async () => {
    const keys = await all((cursor) => listKeys(store, scope, keysQuery.parse({ cursor })));
    expect(keys.map((view) => keyView.parse(view))).toEqual(keys);
    expect(Object.fromEntries(keys.map(({ keyId, status }) => [keyId, status]))).toEqual(
      Object.fromEntries([...tenant.keys].map(([keyId, { status }]) => [keyId, status])),
    );
    const revoked = await all((cursor) =>
      listKeys(store, scope, keysQuery.parse({ cursor, status: 'revoked' })),
    );
    expect(revoked).toEqual(keys.filter(({ status }) => status === 'revoked'));
    expect(await getKey(store, scope, keys[0]?.keyId ?? '')).toEqual(keys[0]);
  });
});

describe('decisions', () => {
  test('pages go through the records of a batch in order, none twice', async () => {
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    const batches = numbers
      .filter((n) => n % 10 === 0)
      .map((n) => {
        const seq = n / 10 + 1;
        const records = numbers.slice(n, n + 10).map(decisionOf);
        return { seq, kind: 'dec', id: `batch-${n}`, content: { seq, tenant: 'default', records } };
      });
    const source = { ...testSource, source: 'DECISIONS' as const };
    await applyEntries(
      store.pool,
      await claimAll(store, projections.DECISIONS, source),
      batchOf(batches),
    );
    const listed = await all((cursor) =>
      listDecisions(store, scope, decisionsQuery.parse({ limit: 7, cursor })),
    );
    expect(listed.map((view) => decisionView.parse(view))).toEqual(listed);
    expect(listed.map(({ decisionId }) => decisionId)).toEqual(
      numbers.map((n) => `decision-${n}`).reverse(),
    );
    const denied = await all((cursor) =>
      listDecisions(
        store,
        scope,
        decisionsQuery.parse({ outcome: 'deny', code: 'NO_GRANT', cursor }),
      ),
    );
    expect(denied).toEqual(listed.filter(({ outcome }) => outcome === 'deny'));
    const detail = await getDecision(store, scope, 'decision-42');
    expect(decisionDetailView.parse(detail).record).toMatchObject({ n: 42, seq: 5 });
  });
});

describe('executions, feedback and trust', () => {
  test('executions are filtered by agent, outcome, error, status and time', async () => {
    const everything = await executions({ limit: '100' });
    expect(everything.map((view) => executionView.parse(view))).toEqual(everything);
    const agentId = everything[0]?.agentId ?? '';
    expect(await executions({ agentId })).toEqual(
      everything.filter((one) => one.agentId === agentId),
    );
    expect(await executions({ outcome: 'timed_out' })).toEqual(
      everything.filter((one) => one.outcome === 'timed_out'),
    );
    expect(await executions({ code: 'E_DATA' })).toEqual(
      everything.filter((one) => one.error?.code === 'E_DATA'),
    );
    expect(await executions({ status: 'running' })).toEqual(
      everything.filter((one) => one.outcome === null),
    );
    const middle = everything[Math.floor(everything.length / 2)];
    const since = middle?.announcedAt ?? middle?.reportedAt ?? '';
    const later = await executions({ since });
    const earlier = await executions({ until: since });
    expect([...later, ...earlier]).toEqual(everything);
    expect(await executions({ since: '0000-01-01T00:00:00Z' })).toEqual(everything);
    const [first] = everything;
    if (!first) throw new Error('there are no executions');
    expect(await getExecution(store, scope, first)).toEqual(first);
  });

  test('pages neither repeat nor lose anything while more is stored and running executions are reported', async () => {
    const before = await executions({ limit: '500' });
    const firstPage = await listExecutions(store, scope, executionsQuery.parse({ limit: 40 }));
    const more = storedRun(eventRun({ count: COUNT + 300, seed: 51, agents: 30 })).slice(COUNT);
    await applyEntries(store.pool, claims, batchOf(entriesOf(more)));
    const rest = await all((cursor) =>
      listExecutions(
        store,
        scope,
        executionsQuery.parse({ limit: 40, cursor: cursor ?? firstPage.nextCursor ?? undefined }),
      ),
    );
    const ids = [...firstPage.items, ...rest].map(({ executionId }) => executionId);
    expect(ids).toEqual(before.map(({ executionId }) => executionId));
    for (const event of more) foldEvent(world, event);
  });

  test('feedback is listed newest first', async () => {
    const items = await all((cursor) =>
      listFeedback(store, scope, feedbackQuery.parse({ cursor, source: 'peer' })),
    );
    expect(items.map((view) => feedbackView.parse(view))).toEqual(items);
    expect(items.map(({ seq }) => seq)).toEqual(
      items.map(({ seq }) => seq).toSorted((a, b) => b - a),
    );
    expect(items.every(({ source }) => source === 'peer')).toBe(true);
  });

  test('trust is what governors read, and says why', async () => {
    for (const [agentId, trust] of tenant.trust) {
      const view = trustView.parse(await getTrust(store, scope, agentId));
      const reading = readTrust(trust, minuteOf(nowMs), DEFAULT_TRUST_MODEL);
      expect({ score: view.score, latched: view.latched }).toEqual({
        score: reading.score,
        latched: reading.suspended,
      });
      expect(view.contributions.every(({ weight }) => weight > 0)).toBe(true);
      expect(view.factCount).toBe(trust.factCount);
    }
    expect(await getTrust(store, scope, 'nobody')).toBeUndefined();
  });

  test('a cursor of another list is refused', async () => {
    const { nextCursor } = await listAgents(store, scope, agentsQuery.parse({ limit: 1 }));
    await expect(
      listGrants(store, scope, grantsQuery.parse({ cursor: nextCursor })),
    ).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
    await expect(
      listAgents(store, scope, agentsQuery.parse({ cursor: nextCursor, type: 'summary' })),
    ).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    });
  });
});

function decisionOf(n: number): DecisionRecord {
  const denied = n % 3 === 0;
  return {
    kind: 'decision',
    governor: 'g1',
    boot: 'b1',
    n,
    decisionId: `decision-${n}`,
    inputs: {
      tenant: 'default',
      key: { keyId: 'k0operator', status: 'active', speaksForAgent: true },
      request: {
        agentId: 'worker-1',
        action: 'read_file',
        resource: { type: 'dataset', id: 'sales' },
        context: {},
      },
      unusable: [],
      agent: null,
      grants: [],
      missed: [],
      trust: null,
      policies: { version: null, digest: 'sha256:none' },
      engine: { name: 'cedar', version: '4.13.0' },
      nowMs,
      seq: 7,
    },
    outcome: denied ? 'deny' : 'allow',
    code: denied ? 'NO_GRANT' : null,
    reasons: [],
    determining: [],
    obligations: [],
    ignored: [],
    durability: 'buffered',
  };
}
