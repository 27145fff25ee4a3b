/** How the API tells of projections and of the other roles: `/ready`, `/metrics`. */
import { type NatsConnection, reporting, type RunningRole } from '@writ/bus';
import type { RoleReport } from '@writ/contracts';
import { eventually } from '@writ/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ApiBench } from './api.fixture.ts';

let bench: ApiBench;
let admin: string;
const running: RunningRole[] = [];
const within = { withinMs: 30_000 };

beforeAll(async () => {
  bench = await ApiBench.start();
  admin = (await bench.key('admin')).apiKey;
  await bench.register('lab:one');
  await bench.project();
});
afterEach(async () => {
  for (const role of running.splice(0)) await role.stop();
});
afterAll(() => bench.stop());

type State = Partial<Pick<RoleReport, 'lanes' | 'snapshots'>> & { detail?: string };

/** A process of a role, as far as others hear of it; what it says is what `state` holds when it is asked. */
async function present(
  user: 'governor-store' | 'projector-store' | 'snapshotter-store',
  state: () => State,
): Promise<{ connection: NatsConnection; role: RunningRole }> {
  const connection = await bench.bus.connect(user);
  const role = reporting(
    {
      name: user.split('-')[0] ?? '',
      ready: () => ({ ok: state().detail === undefined, ...state() }),
      state: () => {
        const { detail: _, ...rest } = state();
        return rest;
      },
      stop: () => connection.close(),
    },
    () => connection,
  );
  running.push(role);
  return { connection, role };
}

type Ready = {
  status: string;
  troubles: { part: string; message: string }[];
  projections: { projection: string; position: number; behind: number; state: string }[];
  roles: { role: string; running: number; ready: number }[];
};

async function ready(): Promise<Ready & { code: number }> {
  const { status, body } = await bench.ask('GET', '/ready');
  return { ...(body as Ready), code: status };
}
/** Looks until it is as it should be. */
const readyUntil = (holds: (now: Awaited<ReturnType<typeof ready>>) => boolean) =>
  eventually(async () => {
    const now = await ready();
    if (!holds(now)) throw new Error(JSON.stringify(now));
    return now;
  }, within);
const metric = async (line: string): Promise<number | undefined> => {
  const { text } = await bench.ask('GET', '/metrics', { key: admin });
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length));
};

test('every projection is told with its position, how far it is behind, and that nobody has it', async () => {
  const { lastSeq } = await bench.log.status();
  await bench.register('lab:two');
  const now = await readyUntil(({ projections }) => projections[0]?.behind === 1);
  expect(now.code).toBe(200);
  for (const one of now.projections)
    expect(one).toMatchObject({ position: lastSeq, behind: 1, state: 'unattended' });
  expect(await metric('writ_projection_lag_events{projection="agents"}')).toBe(1);
  expect(await metric('writ_projection_position{projection="agents",source="EVENTS"}')).toBe(
    lastSeq,
  );
  await bench.project();
  await readyUntil(({ projections }) => projections.every(({ behind }) => behind === 0));
});

test('a projector that reports makes its projections run; a standby shows beside it', async () => {
  const lanes = (status: 'running' | 'standby') => () => ({
    lanes: [{ source: 'EVENTS', status }],
  });
  await present('projector-store', lanes('standby'));
  await readyUntil(({ projections }) => projections.every(({ state }) => state === 'standby'));
  const { role } = await present('projector-store', lanes('running'));
  const now = await readyUntil(({ projections }) =>
    projections.every(({ state }) => state === 'running'),
  );
  expect(now.roles).toContainEqual({ role: 'projector', running: 2, ready: 2 });
  expect(await metric('writ_projectors{source="EVENTS",state="standby"}')).toBe(1);
  expect(await metric('writ_projection_state{projection="grants",state="running"}')).toBe(1);
  expect(await metric('writ_projection_state{projection="grants",state="paused"}')).toBe(0);
  await role.stop();
  running.pop();
  await readyUntil(({ projections }) => projections.every(({ state }) => state === 'standby'));
  expect(await metric('writ_projectors{source="EVENTS",state="running"}')).toBeUndefined();
});

test('a paused projection makes the API not ready, with its name, how far it is, and what to do', async () => {
  await bench.store.pool.query(
    `update projection_positions set status = 'paused', paused_seq = seq + 1, paused_reason = 'secret' where projection = 'grants'`,
  );
  const now = await readyUntil(({ code }) => code === 503);
  const { position } = now.projections.find(({ projection }) => projection === 'grants') ?? {};
  expect(now).toMatchObject({
    status: 'not_ready',
    troubles: [
      {
        part: 'read models',
        message: `\`grants\` is paused after ${position}, 0 events behind; \`writ doctor\` says why`,
      },
    ],
  });
  expect(JSON.stringify(now)).not.toContain('secret');
  expect(await metric('writ_projection_state{projection="grants",state="paused"}')).toBe(1);
  await bench.store.pool.query(
    `update projection_positions set status = 'running', paused_seq = null, paused_reason = null`,
  );
  await readyUntil(({ code }) => code === 200);
});

test('read models far behind make the API not ready, by how much', async () => {
  const move = (by: number) =>
    bench.store.pool.query(
      `update projection_positions set seq = seq + $1 where projection = 'trust'`,
      [by],
    );
  // A log of that length takes long to write; a position below zero is as far away.
  await move(-60_000);
  const now = await readyUntil(({ code }) => code === 503);
  expect(now.troubles[0]?.message).toBe('`trust` is 60000 events behind; is a projector running?');
  await move(60_000);
  await readyUntil(({ code }) => code === 200);
});

test('a role none of whose processes does its work is named, without what it says to operators; one of two is enough', async () => {
  let detail: string | undefined = 'password authentication failed for `secret`';
  const state = () => (detail === undefined ? {} : { detail });
  await present('governor-store', state);
  const now = await readyUntil(({ code }) => code === 503);
  expect(now.troubles).toEqual([
    { part: 'roles', message: 'no governor is ready; `writ doctor` says why' },
  ]);
  expect(JSON.stringify(now)).not.toContain('secret');
  await present('governor-store', () => ({}));
  const both = await readyUntil(({ code }) => code === 200);
  expect(both.roles).toContainEqual({ role: 'governor', running: 2, ready: 1 });
  expect(JSON.stringify(both)).not.toContain('secret');
  expect(await metric('writ_roles_running{role="governor"}')).toBe(2);
  expect(await metric('writ_roles_ready{role="governor"}')).toBe(1);
  detail = undefined;
  await readyUntil(({ roles }) =>
    roles.some(({ role, ready: n }) => role === 'governor' && n === 2),
  );
});

test('what roles do with snapshots is counted, each report once', async () => {
  let made = 2;
  const state = () => ({ snapshots: { loaded: 1, made, ignored: { damaged: 3 } } });
  await present('snapshotter-store', state);
  const line = 'writ_snapshots_made_total{role="snapshotter"}';
  await eventually(async () => (await metric(line)) === 2, within);
  made = 5;
  await eventually(async () => (await metric(line)) === 5, within);
  expect(await metric('writ_snapshots_loaded_total{role="snapshotter"}')).toBe(1);
  expect(await metric('writ_snapshots_ignored_total{role="snapshotter",reason="damaged"}')).toBe(3);
});

test('a process that falls silent without a word is forgotten', async () => {
  const { connection } = await present('governor-store', () => ({}));
  const governs = ({ roles }: Ready) => roles.some(({ role }) => role === 'governor');
  await readyUntil(governs);
  await connection.close();
  await readyUntil((now) => !governs(now));
});
