import { agentDetailView, agentsQuery, agentView } from '@writ/contracts';
import { DEFAULT_TRUST_MODEL, minuteOf, readTrust } from '@writ/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { everyPage, type ProjectedRun, projectRun } from '../projected-run.fixture.ts';
import { getAgent, listAgents } from './agent-queries.ts';

let run: ProjectedRun;
beforeAll(async () => {
  run = await projectRun(1500);
});
afterAll(() => run.store.drop());

const agents = (filters: Record<string, unknown> = {}) =>
  everyPage((cursor) =>
    listAgents(run.store, run.scope, agentsQuery.parse({ limit: '7', cursor, ...filters })),
  );

describe('agents', () => {
  test('every agent of the tenant is listed once, newest first, with the status and trust that governors see', async () => {
    const listed = await agents();
    expect(listed.map((view) => agentView.parse(view))).toEqual(listed);
    const registered = run.events.flatMap((event) =>
      event.type === 'AgentRegistered' && event.tenant === 'default' ? event.data.agentId : [],
    );
    // One that retired and came back keeps its place.
    expect(listed.map(({ agentId }) => agentId)).toEqual([...new Set(registered)].reverse());
    for (const { agentId, status, trust, latched, version } of listed) {
      const state = run.tenant.agents.get(agentId);
      const known = run.tenant.trust.get(agentId);
      if (!state || state.status === 'unknown' || !known)
        throw new Error(`${agentId} is not in the world`);
      expect({ status, version, trust, latched }).toEqual({
        status: state.status,
        version: state.current.version,
        trust: readTrust(known, minuteOf(run.scope.nowMs), DEFAULT_TRUST_MODEL).score,
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
    const agent = agentDetailView.parse(await getAgent(run.store, run.scope, first?.agentId ?? ''));
    expect(agent.versions[0]?.version).toBe(agent.version);
    expect(agent.versions.at(-1)?.version).toBe('1.0.0');
    expect(
      await getAgent(run.store, { ...run.scope, tenant: 'nobody' }, agent.agentId),
    ).toBeUndefined();
  });
});
