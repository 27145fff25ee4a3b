import type { KeyRole } from '@writ/contracts';
import { eventually } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiBench, requestOf } from './api.fixture.ts';
import type { Route } from './http/route.ts';
import { routes } from './routes.ts';

let bench: ApiBench;
let keys: {
  readonly admin: string;
  readonly agent: string;
  readonly revoked: string;
  readonly expired: string;
};

beforeAll(async () => {
  bench = await ApiBench.start();
  const [admin, agent, revoked, expired] = [
    await bench.key('admin'),
    await bench.key('agent', ['lab:*', 'solo']),
    await bench.key('admin'),
    await bench.key('admin', [], new Date(Date.now() - 1000).toISOString()),
  ];
  await bench.revoke(revoked.keyId);
  const last = await bench.key('admin');
  keys = {
    admin: admin.apiKey,
    agent: agent.apiKey,
    revoked: revoked.apiKey,
    expired: expired.apiKey,
  };
  await eventually(async () => (await statusOf(route('listKeys'), last.apiKey)) === 200);
});
afterAll(() => bench.stop());

const samples: Readonly<Record<string, string>> = {
  agentId: 'lab:one',
  grantId: '6b1f4f0e-55f1-4b0c-9d5b-0b8a5c6f4a11',
  decisionId: '6b1f4f0e-55f1-4b0c-9d5b-0b8a5c6f4a11',
  version: '1',
  keyId: 'abcdefghij12',
  letterId: 'letter-1',
};

function route(operation: string): Route {
  const found = routes.find((one) => one.operation === operation);
  if (!found) throw new Error(`there is no operation ${operation}`);
  return found;
}

function pathOf({ path }: Route, agentId = 'lab:one'): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) =>
    name === 'agentId' ? agentId : (samples[name] ?? ''),
  );
}

/** The status alone: a stream would never end. */
async function headOf(one: Route, key?: string, agentId?: string): Promise<Response> {
  const leave = new AbortController();
  const asked = { ...(key === undefined ? {} : { key }), ...(one.body ? { body: {} } : {}) };
  const response = await fetch(`${bench.api.url}${pathOf(one, agentId)}`, {
    ...requestOf(one.method, asked),
    signal: leave.signal,
  });
  leave.abort();
  return response;
}

async function statusOf(one: Route, key?: string, agentId?: string): Promise<number> {
  return (await headOf(one, key, agentId)).status;
}

type Named = readonly [name: string, route: Route];
const named = (which: (one: Route) => boolean): Named[] =>
  routes.filter(which).map((one) => [`${one.method} ${one.path}`, one]);
const mayUse = (one: Route, role: KeyRole) => one.access !== 'public' && one.access.includes(role);

const open = named(({ access }) => access === 'public');
const closed = named(({ access }) => access !== 'public');
const forAgents = named((one) => mayUse(one, 'agent'));
const forAdminsOnly = named((one) => mayUse(one, 'admin') && !mayUse(one, 'agent'));
const aboutAgents = named(({ path }) => path.includes('{agentId}'));

describe('a route that is open', () => {
  test.each(open)('%s answers whoever asks, with whatever key', async (_name, one) => {
    for (const key of [undefined, keys.admin, keys.agent, keys.revoked, 'nonsense'])
      expect([200, 404]).toContain(await statusOf(one, key));
  });
});

describe('a route that is closed', () => {
  test.each(closed)(
    '%s answers 401 without a key and says how to present one',
    async (_name, one) => {
      const response = await headOf(one);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="writ"');
    },
  );

  test.each(closed)(
    '%s answers 401 to keys that were revoked, have expired or never were',
    async (_name, one) => {
      const wrong = `${keys.admin.slice(0, -4)}0000`;
      for (const key of [keys.revoked, keys.expired, wrong, 'nonsense']) {
        const response = await headOf(one, key);
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
      }
    },
  );

  test.each(closed)('%s lets an administrator in', async (_name, one) => {
    expect([401, 403]).not.toContain(await statusOf(one, keys.admin));
  });

  test.each(forAgents)('%s lets an agent in', async (_name, one) => {
    expect([401, 403]).not.toContain(await statusOf(one, keys.agent));
  });

  test.each(forAdminsOnly)('%s keeps agents out', async (_name, one) => {
    expect(await statusOf(one, keys.agent)).toBe(403);
  });

  test.each(aboutAgents)(
    '%s keeps a key away from agents that it does not speak for',
    async (_name, one) => {
      expect(await statusOf(one, keys.agent, 'other:one')).toBe(403);
      expect(await statusOf(one, keys.agent, 'lab')).toBe(403);
      expect([401, 403]).not.toContain(await statusOf(one, keys.admin, 'other:one'));
    },
  );
});

test('an agent key reaches what it needs and nothing more', () => {
  const reachable = routes
    .filter(({ access }) => access !== 'public' && access.includes('agent'))
    .map(({ method, path }) => `${method} ${path}`);
  expect(reachable.sort()).toEqual([
    'GET /v1/agents/{agentId}',
    'GET /v1/agents/{agentId}/approvals',
    'GET /v1/agents/{agentId}/decisions',
    'GET /v1/agents/{agentId}/events',
    'GET /v1/agents/{agentId}/executions',
    'GET /v1/agents/{agentId}/grants',
    'GET /v1/agents/{agentId}/trust',
    'POST /access/v1/evaluation',
    'POST /access/v1/evaluations',
    'POST /v1/agents',
    'POST /v1/executions',
    'POST /v1/executions/start',
    'POST /v1/feedback',
    'POST /v1/grants/{grantId}/delegate',
    'POST /v1/validations',
  ]);
});

test('an agent id in a path may have its colon as it is or encoded', async () => {
  await bench.register('lab:one');
  await bench.project();
  for (const id of ['lab:one', 'lab%3Aone', 'lab%3aone']) {
    const { status, body } = await bench.ask('GET', `/v1/agents/${id}`, { key: keys.agent });
    expect(status).toBe(200);
    expect(body).toMatchObject({ agentId: 'lab:one' });
  }
});

test('a load balancer may look with HEAD, and only at what is open', async () => {
  const look = async (path: string) =>
    (await fetch(`${bench.api.url}${path}`, requestOf('HEAD', { key: keys.admin }))).status;
  expect(await look('/health')).toBe(200);
  expect(await look('/ready')).toBe(200);
  expect(await look('/v1/agents')).toBe(404);
});

test('no key is ever logged, whatever goes wrong', async () => {
  const secret = keys.admin.split('_')[2] ?? '';
  await bench.ask('POST', `/v1/grants?key=${keys.admin}`, {
    key: keys.admin,
    body: { agentId: keys.admin },
  });
  await bench.ask('GET', `/v1/agents/${keys.admin}`, { key: keys.admin });
  await eventually(() => bench.logged.some(({ message }) => message === 'answered'));
  expect(
    JSON.stringify(bench.logged, (_, value: unknown) =>
      value instanceof Error ? `${value.stack}` : value,
    ),
  ).not.toContain(secret);
});
