import { encodeToken, subjects } from '@writ/contracts';
import { eventually } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answered, ApiBench } from '../api.fixture.ts';

let bench: ApiBench;
let admin: string;
const grantId = '6b1f4f0e-55f1-4b0c-9d5b-0b8a5c6f4a11';

beforeAll(async () => {
  bench = await ApiBench.start();
  admin = (await bench.key('admin')).apiKey;
  for (const n of [1, 2, 3, 4, 5]) await bench.register(`lab:agent-${n}`, `${n}.0.0`);
  await bench.suspend('lab:agent-5');
  await bench.tell(subjects.grants('default', 'lab:agent-1'), {
    type: 'GrantIssued',
    data: {
      grantId,
      agentId: 'lab:agent-1',
      actions: ['read'],
      resources: ['dataset:*'],
      notBefore: null,
      expiresAt: '2020-01-01T00:00:00Z',
      conditions: { maxCostMicros: 5 },
      delegable: 0,
      parent: null,
      reason: null,
      issuedBy: 'k0admin0000',
    },
  });
  await bench.tell(subjects.facts('default', 'lab:agent-1'), {
    type: 'FeedbackGiven',
    data: {
      feedbackId: 'fb-1',
      agentId: 'lab:agent-1',
      executionId: null,
      rating: 0.9,
      source: 'human',
      rater: 'usr_dana',
      severity: 'normal',
      comment: null,
    },
  });
  await bench.tell(subjects.policies('default'), {
    type: 'PoliciesPublished',
    data: {
      version: '1',
      engine: 'cedar',
      policies: { freeze: 'forbid (principal, action, resource);' },
      digest: 'sha256:x',
      note: null,
    },
  });
  await bench.project();
  await eventually(async () => (await get('/v1/agents')).status === 200);
});
afterAll(() => bench.stop());

const get = (path: string): Promise<Answered> => bench.ask('GET', path, { key: admin });
const token = (seq: number) => encodeToken({ cell: bench.log.cell, segment: 1, seq });

async function itemsOf(path: string): Promise<Record<string, unknown>[]> {
  const answered = await get(path);
  expect(answered.status, answered.text).toBe(200);
  return (answered.body as { items: Record<string, unknown>[] }).items;
}

describe('a list', () => {
  test('is paged by its cursor, newest first, without a gap or a double', async () => {
    const seen: unknown[] = [];
    for (let path = '/v1/agents?limit=2'; path !== ''; ) {
      const { items, nextCursor } = (await get(path)).body as {
        items: { agentId: string }[];
        nextCursor: string | null;
      };
      seen.push(...items.map(({ agentId }) => agentId));
      path = nextCursor === null ? '' : `/v1/agents?limit=2&cursor=${nextCursor}`;
    }
    expect(seen).toEqual([5, 4, 3, 2, 1].map((n) => `lab:agent-${n}`));
  });

  test.each([
    ['status=suspended', ['lab:agent-5']],
    ['version=%3E%3D2.0.0%20%3C4', ['lab:agent-3', 'lab:agent-2']],
    ['capability=csv&capability=none', []],
    ['label=env%3Dprod&q=AGENT-4', ['lab:agent-4']],
    ['minTrust=1000', []],
  ])('of agents is narrowed by `%s`', async (query, expected) => {
    expect((await itemsOf(`/v1/agents?${query}`)).map(({ agentId }) => agentId)).toEqual(expected);
  });

  test('refuses a cursor that was made with other filters', async () => {
    const { nextCursor } = (await get('/v1/agents?limit=1')).body as { nextCursor: string };
    expect((await get(`/v1/agents?limit=1&type=reader&cursor=${nextCursor}`)).body).toMatchObject({
      code: 'CURSOR_INVALID',
    });
  });

  test('goes on from a cursor however fresh the page is asked to be', async () => {
    const { nextCursor } = (await get('/v1/agents?limit=1')).body as { nextCursor: string };
    expect((await get(`/v1/agents?limit=1&cursor=${nextCursor}&atLeast=${token(1)}`)).status).toBe(
      200,
    );
  });

  test('of what concerns an agent is a part of the whole list', async () => {
    expect(await itemsOf('/v1/agents/lab:agent-1/grants')).toEqual(
      await itemsOf('/v1/grants?agentId=lab:agent-1'),
    );
    expect(await itemsOf('/v1/agents/lab:agent-2/grants')).toEqual([]);
    expect((await get('/v1/agents/lab:agent-1/grants?agentId=lab:agent-2')).body).toMatchObject({
      code: 'QUERY_INVALID',
    });
  });

  test.each(['grants', 'executions', 'decisions'])(
    'of the %s of an agent that there is not is a 404',
    async (list) => {
      expect((await get(`/v1/agents/lab:nobody/${list}`)).body).toMatchObject({
        code: 'AGENT_UNKNOWN',
        status: 404,
      });
    },
  );
});

describe('one thing', () => {
  test('is found by its id', async () => {
    expect((await get('/v1/agents/lab:agent-1')).body).toMatchObject({
      agentId: 'lab:agent-1',
      versions: [{ version: '1.0.0' }],
    });
    expect((await get(`/v1/grants/${grantId}`)).body).toMatchObject({
      grantId,
      status: 'expired',
      conditions: { maxCostMicros: 5 },
    });
    expect((await get('/v1/policies/1')).body).toMatchObject({
      version: '1',
      active: false,
      policies: { freeze: expect.any(String) },
    });
    expect((await get('/v1/agents/lab:agent-1/trust')).body).toMatchObject({
      agentId: 'lab:agent-1',
      factCount: 1,
    });
  });

  test.each([
    ['/v1/agents/lab:nobody', 'AGENT_UNKNOWN'],
    ['/v1/agents/lab:nobody/trust', 'AGENT_UNKNOWN'],
    ['/v1/grants/6b1f4f0e-55f1-4b0c-9d5b-000000000000', 'GRANT_UNKNOWN'],
    ['/v1/policies/99', 'POLICY_VERSION_UNKNOWN'],
    ['/v1/keys/abcdefghij12', 'KEY_UNKNOWN'],
    ['/v1/decisions/6b1f4f0e-55f1-4b0c-9d5b-000000000000', 'NOT_FOUND'],
    ['/v1/dead-letters/nothing', 'NOT_FOUND'],
  ])('that is not at %s is a %s', async (path, code) => {
    const answered = await get(path);
    expect(answered.status).toBe(404);
    expect(answered.body).toMatchObject({ code });
  });

  test('of the keys never shows a secret or its hash', async () => {
    expect((await get('/v1/keys')).text).not.toMatch(/secret|hash/i);
  });
});

describe('freshness', () => {
  test('every reply carries a token, errors and refusals too', async () => {
    for (const path of ['/v1/agents', '/v1/decisions', '/v1/nothing', '/health', '/openapi.json'])
      expect((await get(path)).headers.get('writ-token'), path).toMatch(/^w1\./);
    expect((await bench.ask('GET', '/v1/agents')).headers.get('writ-token')).toMatch(/^w1\./);
  });

  test('a read waits until the read models have what a token stands for', async () => {
    const seq = await bench.suspend('lab:agent-4');
    const waiting = get(`/v1/agents?status=suspended&atLeast=${token(seq)}`);
    await bench.project();
    const answered = await waiting;
    expect((answered.body as { items: unknown[] }).items).toHaveLength(2);
    expect(answered.headers.get('writ-token')).toBe(token(seq));
  });

  test('a read that does not get fresh in time says so', async () => {
    const seq = await bench.suspend('lab:agent-3');
    const answered = await get(`/v1/agents?atLeast=${token(seq)}`);
    expect(answered.body).toMatchObject({ code: 'STALE_STATE', status: 503 });
    expect(answered.text).toContain(String(seq));
  });
});

describe('policies', () => {
  const validate = (body: object) =>
    bench.ask('POST', '/v1/policies/validate', { key: admin, body });

  test('are checked without being published', async () => {
    expect(
      (await validate({ policies: { freeze: 'forbid (principal, action, resource);' } })).body,
    ).toEqual({ valid: true, problems: [] });
    expect(
      (
        await validate({
          policies: { freeze: 'forbid (principal, action, resource)\nwhen { nonsense' },
        })
      ).body,
    ).toMatchObject({
      valid: false,
      problems: [{ policyId: 'freeze', line: expect.any(Number) }],
    });
    expect(await itemsOf('/v1/policies')).toHaveLength(1);
  });

  test('that no publication would take are refused by their name', async () => {
    expect(
      (await validate({ policies: { 'base.x': 'forbid (principal, action, resource);' } })).body,
    ).toMatchObject({ code: 'BODY_INVALID' });
  });
});
