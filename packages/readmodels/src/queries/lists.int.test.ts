import {
  agentsQuery,
  executionsQuery,
  executionView,
  feedbackQuery,
  feedbackView,
  grantsQuery,
  trustView,
} from '@writ/contracts';
import { DEFAULT_TRUST_MODEL, minuteOf, readTrust } from '@writ/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listGrants } from '../authority/grant-queries.ts';
import { getExecution, listExecutions } from '../execution/execution-queries.ts';
import { everyPage, type ProjectedRun, projectRun } from '../projected-run.fixture.ts';
import { listAgents } from '../registry/agent-queries.ts';
import { listFeedback } from '../trust/feedback-queries.ts';
import { getTrust } from '../trust/trust-queries.ts';

let run: ProjectedRun;
beforeAll(async () => {
  run = await projectRun(1500);
});
afterAll(() => run.store.drop());

const executions = (filters: Record<string, unknown> = {}) =>
  everyPage((cursor) =>
    listExecutions(run.store, run.scope, executionsQuery.parse({ cursor, ...filters })),
  );

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
    expect(await executions({ since: '1970-01-01T00:00:00Z' })).toEqual(everything);
    const [first] = everything;
    if (!first) throw new Error('there are no executions');
    expect(await getExecution(run.store, run.scope, first)).toEqual(first);
  });

  test('pages neither repeat nor lose anything while more is stored and running executions are reported', async () => {
    const before = await executions({ limit: '500' });
    const firstPage = await listExecutions(
      run.store,
      run.scope,
      executionsQuery.parse({ limit: 40 }),
    );
    await run.more(300);
    const rest = await everyPage((cursor) =>
      listExecutions(
        run.store,
        run.scope,
        executionsQuery.parse({ limit: 40, cursor: cursor ?? firstPage.nextCursor ?? undefined }),
      ),
    );
    const ids = [...firstPage.items, ...rest].map(({ executionId }) => executionId);
    expect(ids).toEqual(before.map(({ executionId }) => executionId));
  });

  test('feedback is listed newest first', async () => {
    const items = await everyPage((cursor) =>
      listFeedback(run.store, run.scope, feedbackQuery.parse({ cursor, source: 'peer' })),
    );
    expect(items.map((view) => feedbackView.parse(view))).toEqual(items);
    expect(items.map(({ seq }) => seq)).toEqual(
      items.map(({ seq }) => seq).toSorted((a, b) => b - a),
    );
    expect(items.every(({ source }) => source === 'peer')).toBe(true);
  });

  test('trust is what governors read, and says why', async () => {
    for (const [agentId, trust] of run.tenant.trust) {
      const view = trustView.parse(await getTrust(run.store, run.scope, agentId));
      const reading = readTrust(trust, minuteOf(run.scope.nowMs), DEFAULT_TRUST_MODEL);
      expect({ score: view.score, latched: view.latched }).toEqual({
        score: reading.score,
        latched: reading.suspended,
      });
      expect(view.contributions.every(({ weight }) => weight > 0)).toBe(true);
      expect(view.factCount).toBe(trust.factCount);
    }
    expect(await getTrust(run.store, run.scope, 'nobody')).toBeUndefined();
  });

  test('a cursor of another list is refused', async () => {
    const { nextCursor } = await listAgents(run.store, run.scope, agentsQuery.parse({ limit: 1 }));
    await expect(
      listGrants(run.store, run.scope, grantsQuery.parse({ cursor: nextCursor })),
    ).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
    await expect(
      listAgents(run.store, run.scope, agentsQuery.parse({ cursor: nextCursor, type: 'summary' })),
    ).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    });
  });
});
