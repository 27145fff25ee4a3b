import { randomUUID } from 'node:crypto';
import { eventually, startTcpProxy } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agent, Bench } from './bench.fixture.ts';
import { govern, type Governed } from './governance.ts';
import { PermissionDenied, type Writ } from './index.ts';

let bench: Bench;
let worker: Writ;
let workerKey: string;

beforeAll(async () => {
  bench = await Bench.start();
  workerKey = await bench.newKey('town:worker');
  worker = await bench.join(workerKey);
  await worker.registerAgent(agent('town:worker'));
  await bench.grant('town:worker');
});

afterAll(() => bench?.stop());

describe('connecting', () => {
  test('with a wrong secret is UNAUTHENTICATED, and the secret is not repeated', async () => {
    const error: unknown = await bench
      .join(`${workerKey.slice(0, -4)}zzzz`)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'WritError', code: 'UNAUTHENTICATED' });
    expect(String(error)).not.toContain('zzzz');
  });

  test('where nothing listens is BUS_UNAVAILABLE', async () => {
    await expect(bench.join(workerKey, { url: 'nats://127.0.0.1:1' })).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
    });
  });

  test('in a tenant that can not be is CONFIG_INVALID', async () => {
    await expect(bench.join(workerKey, { tenant: 'No Tenant' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});

describe('a command', () => {
  test('is stored once under one idempotency key', async () => {
    const options = { idempotencyKey: randomUUID() };
    const body = { agentId: 'town:worker', actions: ['draw'], resources: ['dataset:x'] };
    const [first, second] = [
      await bench.admin.issueGrant(body, options),
      await bench.admin.issueGrant(body, options),
    ];
    expect(second.events).toEqual(first.events);
    expect(second.result.grantId).toBe(first.result.grantId);
  });

  test('that is refused throws its code, sentence and field', async () => {
    await expect(
      bench.admin.issueGrant({ agentId: 'town:nobody', actions: ['a'], resources: ['b:*'] }),
    ).rejects.toMatchObject({
      name: 'WritError',
      code: 'AGENT_UNKNOWN',
      details: [{ path: 'agentId', message: 'must be a registered agent' }],
    });
    await expect(
      bench.admin.registerAgent({ ...agent('town:a'), version: 'new' }),
    ).rejects.toMatchObject({
      code: 'BODY_INVALID',
      details: [{ path: 'version' }],
    });
  });

  test('that the key may not give is NOT_ALLOWED', async () => {
    await expect(worker.suspendAgent('town:worker')).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  });

  test('over the limit or beyond JSON is refused before it is sent', async () => {
    const long = { ...agent('town:a'), name: 'x'.repeat(300_000) };
    await expect(worker.registerAgent(long)).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
    const endless: Record<string, unknown> = {};
    endless['self'] = endless;
    await expect(
      worker.checkPermission('town:a', 'read', 'dataset:x', { context: endless }),
    ).rejects.toMatchObject({
      code: 'BODY_MALFORMED',
    });
  });

  test('whose answer is lost is tried again, and stored once', async () => {
    const port = Number(new URL(bench.platform.connection.natsUrl).port);
    const proxy = await startTcpProxy(port);
    const { agentId } = await bench.newWorker();
    const far = await bench.join(bench.platform.connection.adminKey, {
      url: `nats://127.0.0.1:${proxy.port}`,
      timeoutMs: 500,
      retries: 100,
    });
    await far.checkPermission(agentId, 'read', 'dataset:x');
    proxy.loseAnswers();
    const suspended = far.giveFeedback({ agentId, rating: 0, source: 'human', rater: 'usr_dana' });
    await eventually(async () =>
      (await bench.lifeOf(agentId)).some(({ type }) => type === 'FeedbackGiven'),
    );
    proxy.heal();
    const reply = await suspended;
    const stored = (await bench.lifeOf(agentId)).filter(({ type }) => type === 'FeedbackGiven');
    expect(stored.map(({ id, seq }) => ({ id, seq }))).toEqual(
      reply.events.map(({ id, seq }) => ({ id, seq })),
    );
    await far.close();
    await proxy.stop();
  });

  test('under an aborted signal ends with its reason', async () => {
    const signal = AbortSignal.abort(new Error('given up'));
    await expect(worker.registerAgent(agent('town:worker'), { signal })).rejects.toThrow(
      'given up',
    );
  });
});

describe('a question', () => {
  test('is answered with decision, reasons, trust and the id of its record', async () => {
    const reply = await worker.checkPermission('town:worker', 'read', 'dataset:sales', {
      context: { note: 'x' },
      ...fresh(),
    });
    expect(reply).toMatchObject({
      decision: true,
      context: { outcome: 'allow', trust: 120, reasons: [{ kind: 'grant' }] },
    });
    expect(reply.context.decisionId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('includes what the same client did just before', async () => {
    for (let round = 0; round < 10; round++) {
      const agentId = `town:fresh-${round}-${randomUUID().slice(0, 8)}`;
      await bench.admin.registerAgent(agent(agentId));
      expect((await bench.admin.checkPermission(agentId, 'read', 'dataset:x')).context.code).toBe(
        'NO_GRANT',
      );
      await bench.grant(agentId);
      expect((await bench.admin.checkPermission(agentId, 'read', 'dataset:x')).decision).toBe(true);
    }
  });

  test('in a batch is answered in its place', async () => {
    const about = { agentId: 'town:worker', resource: 'dataset:sales' };
    const replies = await worker.checkPermissions(
      [
        { ...about, action: 'read' },
        { ...about, action: 'burn' },
        { ...about, action: 'read' },
      ],
      fresh(),
    );
    expect(replies.map(({ decision }) => decision)).toEqual([true, false, true]);
    const stopped = await worker.checkPermissions(
      [
        { ...about, action: 'burn' },
        { ...about, action: 'read' },
      ],
      { semantic: 'deny_on_first_deny' },
    );
    expect(stopped.map(({ decision }) => decision)).toEqual([false]);
    expect(await worker.checkPermissions([])).toEqual([]);
  });

  function fresh() {
    return bench.admin.token === undefined ? {} : { atLeast: bench.admin.token };
  }
});

describe('governed work', () => {
  test('is announced, done and reported with what it took', async () => {
    const { agentId, writ, granted } = await bench.newWorker();
    const result = await writ.withGovernance(
      agentId,
      'read',
      ({ addCost, addTokens }) => {
        addCost(30);
        addCost(12);
        addTokens({ input: 5 });
        return 'done';
      },
      { resource: 'dataset:sales', atLeast: granted.token },
    );
    expect(result).toBe('done');
    const [started, reported] = (await bench.lifeOf(agentId)).slice(-2);
    expect(started).toMatchObject({ type: 'ExecutionStarted', actor: { id: writ.keyId } });
    expect(reported).toMatchObject({
      type: 'ExecutionReported',
      data: {
        outcome: 'succeeded',
        costMicros: 42,
        tokens: { input: 5, output: 0 },
        error: null,
        severity: null,
      },
    });
    if (started?.type !== 'ExecutionStarted') throw new Error('it was not announced');
    expect(reported).toHaveProperty('data.executionId', started.data.executionId);
  });

  test('that is not allowed is not done, and says why', async () => {
    const { agentId, writ } = await bench.newWorker();
    let done = false;
    const error: unknown = await writ
      .withGovernance(agentId, 'burn', () => void (done = true), { resource: 'dataset:sales' })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PermissionDenied);
    expect(error).toMatchObject({
      code: 'NO_GRANT',
      reasons: [{ kind: 'gate' }],
      retryable: false,
    });
    expect(done).toBe(false);
    expect((await bench.lifeOf(agentId)).map(({ type }) => type)).toEqual([
      'AgentRegistered',
      'GrantIssued',
    ]);
  });

  test('that throws is reported as failed, and its error goes on', async () => {
    const { agentId, writ, granted } = await bench.newWorker();
    const failure = Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
    const work = () => Promise.reject(failure);
    await expect(
      writ.withGovernance(agentId, 'read', work, {
        resource: 'dataset:x',
        severity: 'major',
        atLeast: granted.token,
      }),
    ).rejects.toBe(failure);
    expect((await bench.lifeOf(agentId)).at(-1)).toMatchObject({
      data: {
        outcome: 'failed',
        severity: 'major',
        error: { code: 'ENOSPC', message: 'the disk is full' },
      },
    });
  });

  test('that was called off is reported as cancelled', async () => {
    const { agentId, writ, granted } = await bench.newWorker();
    const calling = new AbortController();
    const work = writ.withGovernance(
      agentId,
      'read',
      async ({ signal }) => {
        calling.abort(new Error('called off'));
        signal?.throwIfAborted();
      },
      { resource: 'dataset:x', signal: calling.signal, atLeast: granted.token },
    );
    await expect(work).rejects.toThrow('called off');
    expect((await bench.lifeOf(agentId)).at(-1)).toMatchObject({
      data: { outcome: 'cancelled', error: null },
    });
  });

  test('that can not be announced gives back its use of a limited grant, and its name', async () => {
    const { agentId, writ } = await bench.newWorker();
    const grant = { agentId, actions: ['print'], resources: ['page:*'] };
    await bench.admin.issueGrant({ ...grant, conditions: { maxUses: 1 } });
    const atLeast = bench.admin.token ?? '';
    const about = { agentId, action: 'print', resource: 'page:1' };
    const ran: string[] = [];
    const work = (name: string) => () => void ran.push(name);
    await writ.startExecution({ ...about, executionId: 'taken' });
    await expect(
      writ.withGovernance(agentId, 'print', work('taken'), {
        ...about,
        executionId: 'taken',
        atLeast,
      }),
    ).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });

    const calling = new AbortController();
    const ask: Governed['ask'] = async (asked, options) => {
      const reply = await writ.checkPermission(agentId, 'print', asked.resource, options);
      calling.abort(new Error('called off'));
      return reply;
    };
    const called = { ...about, executionId: 'mine', signal: calling.signal };
    await expect(govern({ ask, send: writ.command }, called, work('called off'))).rejects.toThrow(
      'called off',
    );

    await writ.withGovernance(agentId, 'print', work('mine'), { ...about, executionId: 'mine' });
    await expect(writ.withGovernance(agentId, 'print', work('again'), about)).rejects.toMatchObject(
      { code: 'LIMIT_REACHED' },
    );
    expect(ran).toEqual(['mine']);
    await writ.reportExecution({ ...about, executionId: 'taken', outcome: 'succeeded' });
  });
});
