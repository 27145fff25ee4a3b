import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, runWrit, spawnWrit, startWrit, type Writ } from '@writ/testkit';
import { openStore } from '@writ/readmodels';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

const PATIENT = { withinMs: 60_000 };

let dataDir: string;
let writ: Writ;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'writ-cli-e2e-'));
  writ = await startWrit({ dataDir });
});

afterAll(async () => {
  await writ.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function json(args: readonly string[]): Promise<{ code: number | null; value: unknown }> {
  const { code, stdout } = await writ.run([...args, '--json']);
  return { code, value: JSON.parse(stdout) };
}

/** Repeats expectations until they hold. */
function holds(expectations: () => Promise<void>): Promise<true> {
  return eventually(() => expectations().then(() => true as const), { ...PATIENT, everyMs: 100 });
}

const agent = 'cli-v1:painter';

describe('a running platform', () => {
  test('it says where it is in a file that only its owner reads', async () => {
    const { mode } = await stat(join(dataDir, 'connection.json'));
    expect((mode & 0o777).toString(8)).toBe('600');
    expect(Object.keys(writ.connection)).toEqual([
      'natsUrl',
      'httpUrl',
      'databaseUrl',
      'adminKey',
      'tenant',
      'pid',
      'roles',
    ]);
    expect(writ.connection.roles).toEqual([
      'gatekeeper',
      'commander',
      'governor',
      'projector',
      'snapshotter',
      'api',
    ]);
    expect(new URL(writ.connection.httpUrl).port).not.toBe('0');
  });

  test('status and doctor find nothing wrong', async () => {
    await holds(async () => {
      const { code: ready, value: report } = await json(['status']);
      expect(report).toMatchObject({
        ready: true,
        troubles: [],
        running: writ.connection.roles.toSorted().map((role) => ({ role, running: 1, ready: 1 })),
        snapshots: expect.arrayContaining([
          expect.objectContaining({ role: 'governor', loaded: 0, made: 0 }),
        ]),
      });
      expect(ready).toBe(0);
      for (const one of (report as { readModels: object[] }).readModels)
        expect(one).toMatchObject({ state: 'running' });
    });
    await holds(async () => {
      const { code, value } = await json(['doctor']);
      const bad = (value as { findings: { state: string }[] }).findings.filter(
        ({ state }) => state !== 'ok',
      );
      expect([code, bad]).toEqual([0, []]);
    });
  });

  test('a grant is handed on, shown with what it is from, and ends with it', async () => {
    const [planner, painter] = ['cli:planner', 'cli:painter'];
    for (const name of [planner, painter])
      await json(['agents', 'register', name, '--type', 'visual']);
    const covering = ['--action', 'paint', '--resource', 'canvas:1'];
    const issue = ['grants', 'issue', planner, ...covering, '--delegable', '1', '--reason', 'art'];
    const { result } = (await json(issue)).value as { result: { grantId: string } };
    const handing = ['grants', 'delegate', result.grantId, '--to', painter];
    const issued = (await json([...handing, ...covering])).value as {
      result: { grantId: string };
      token: string;
    };
    expect((await json([...handing, '--action', '*', '--resource', 'canvas:1'])).code).toBe(1);
    const question = ['ask', painter, 'paint', 'canvas:1', '--at-least'];
    expect(await json([...question, issued.token])).toMatchObject({ code: 0 });
    const revoked = await json(['grants', 'revoke', result.grantId, '--reason', 'done']);
    const { token } = revoked.value as { token: string };
    expect(await json([...question, token])).toMatchObject({ code: 1 });
    const shown = await eventually(async () => {
      const { value } = await json(['grants', 'show', issued.result.grantId]);
      if ((value as { status: string }).status !== 'revoked') throw new Error('not revoked yet');
      return value;
    });
    const parent = { grantId: result.grantId, agentId: planner };
    expect(shown).toMatchObject({ depth: 1, parent, revoked: { reason: 'done', through: parent } });
  });

  test('an agent is registered, granted, asked about, rated, suspended and replayed', async () => {
    const registered = ['agents', 'register', agent, '--type', 'visual', '--capability', 'png'];
    expect(await json(registered)).toMatchObject({ code: 0, value: { ok: true } });
    const granted = await json([
      'grants',
      'issue',
      agent,
      '--action',
      'paint',
      '--resource',
      'canvas:*',
      '--expires',
      '1d',
    ]);
    expect(granted).toMatchObject({ code: 0, value: { ok: true } });
    const { token } = granted.value as { token: string };
    const asked = await json(['ask', agent, 'paint', 'canvas:1', '--at-least', token]);
    expect(asked).toMatchObject({ code: 0, value: { decision: true } });
    const denied = await json(['ask', agent, 'burn', 'canvas:1']);
    expect(denied).toMatchObject({
      code: 1,
      value: { decision: false, context: { code: 'NO_GRANT' } },
    });
    const rated = await json([
      'trust',
      'feedback',
      agent,
      '--rating',
      '0.2',
      '--rater',
      'usr_dana',
    ]);
    expect(rated).toMatchObject({ code: 0, value: { ok: true } });
    expect(await json(['agents', 'suspend', agent, '--reason', 'a rest'])).toMatchObject({
      code: 0,
    });

    await holds(async () => {
      const { value } = await json(['agents', 'show', agent]);
      expect(value).toMatchObject({ agentId: agent, status: 'suspended', capabilities: ['png'] });
    });
    await holds(async () => {
      const { value } = await json(['decisions', 'list', '--agent', agent]);
      expect((value as { items: { outcome: string }[] }).items.map((row) => row.outcome)).toEqual([
        'deny',
        'allow',
      ]);
    });
    const life = await writ.run(['replay', '--agent', agent, '--json']);
    const types = life.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types.map((type) => type.split('.')[3])).toEqual([
      'AgentRegistered',
      'GrantIssued',
      'FeedbackGiven',
      'AgentSuspended',
    ]);
    const told = await writ.run(['replay', '--agent', agent]);
    expect(told.stdout).toContain('rated 0.2 (minor) by human usr_dana');
  });

  test('policies are linted here and published there', async () => {
    const path = join(dataDir, 'night-freeze.cedar');
    await writeFile(path, 'forbid (principal, action, resource) when { context.night == true };');
    expect(await json(['policies', 'lint', path])).toMatchObject({
      code: 0,
      value: { valid: true },
    });
    const published = await json(['policies', 'publish', path, '--activate']);
    expect(published).toMatchObject({ code: 0, value: { ok: true, result: { version: '1' } } });
    await writeFile(path, 'forbid (principal, action, resource) when { context. };');
    expect(await json(['policies', 'lint', path])).toMatchObject({
      code: 1,
      value: { valid: false },
    });
    expect(await json(['policies', 'publish', path])).toMatchObject({
      code: 1,
      value: { error: { code: 'POLICY_INVALID' } },
    });
    await rm(path);
  });

  test('a key is shown once, works, and stops working when it is revoked', async () => {
    const created = await json(['keys', 'create', 'worker', '--agents', 'cli-v1:*']);
    const { keyId, key } = (created.value as { result: { keyId: string; key: string } }).result;
    const asWorker = { env: { WRIT_API_KEY: key } };
    expect((await writ.run(['ask', agent, 'paint', 'canvas:1'], asWorker)).code).toBe(1);
    expect((await writ.run(['keys', 'list'], asWorker)).code).toBe(1);
    expect(await json(['keys', 'revoke', keyId])).toMatchObject({ code: 0 });
    await holds(async () => {
      const { code, stderr } = await writ.run(['ask', agent, 'paint', 'canvas:1'], asWorker);
      expect([code, stderr]).toEqual([1, expect.stringContaining('key')]);
    });
  });

  test('a follower sees what comes, and Ctrl-C ends it with 0', async () => {
    const follower = spawnWrit(['replay', '--follow', '--type', 'KeyCreated', '--json'], {
      env: { WRIT_DATA_DIR: dataDir },
    });
    onTestFinished(() => follower.kill('SIGKILL'));
    await eventually(() => follower.stdout().includes('first administrator'), PATIENT);
    await json(['keys', 'create', 'followed', '--role', 'admin']);
    await eventually(() => follower.stdout().includes('followed'), PATIENT);
    follower.kill('SIGINT');
    expect((await follower.ended).code).toBe(0);
  });

  test('streams and tables are as declared', async () => {
    expect(await json(['streams', 'check'])).toMatchObject({ code: 0, value: { ok: true } });
    expect(await json(['db', 'migrate'])).toMatchObject({ code: 0, value: { applied: [] } });
    expect(await json(['dlq', 'list'])).toMatchObject({ code: 0, value: { items: [] } });
  });

  test.each([
    'agents list --type t --capability png --agent-version >=1.0.0 --status active --min-trust 0 --label a=b --owner o --search x',
    `grants list --agent ${agent} --action paint --resource canvas:1 --status active`,
    'grants list --parent 00000000-0000-4000-8000-000000000000',
    'policies list',
    `decisions list --since 1d --until 1m --agent ${agent} --action paint --resource canvas:1 --outcome deny --code NO_GRANT --flipped`,
    `approvals list --since 1d --until 1m --agent ${agent} --action paint --resource canvas:1 --status pending`,
    `validation list --since 1d --until 1m --agent ${agent} --action paint --outcome reject`,
    'validation rules',
    'kill-switch list --status engaged',
    `executions list --since 1d --until 1m --agent ${agent} --action paint --outcome failed`,
    'trust models',
    'keys list',
    'dlq list --status all --code BUG --verb registry.register-agent',
  ])('%s', async (words) => {
    const { code, value } = await json([...words.split(' '), '--limit', '1']);
    expect(code).toBe(0);
    expect((value as { items: unknown[] }).items.length).toBeLessThanOrEqual(1);
    expect((await writ.run([...words.split(' '), '--no-color'])).code).toBe(0);
  });

  test('what was not found is 1 and says what to do', async () => {
    const { code, stderr } = await writ.run(['agents', 'show', 'nobody']);
    expect(code).toBe(1);
    expect(stderr).toContain('`nobody`');
  });

  test('a second one on the same directory is refused with the reason', async () => {
    const { code, stderr } = await runWrit(['up'], {
      env: { WRIT_DATA_DIR: dataDir, WRIT_HTTP_PORT: '0' },
    });
    expect(code).toBe(3);
    expect(stderr).toContain(`is in use by process ${writ.process.pid}`);
  });

  test('servers that die come back, and the platform with them', async () => {
    const before = await writ.serverPids();
    for (const pid of Object.values(before)) process.kill(pid, 'SIGKILL');
    await holds(async () => {
      const after = await writ.serverPids();
      expect(Object.keys(after).sort()).toEqual(['nats-server', 'postgres']);
      for (const name of Object.keys(after)) expect(after[name]).not.toBe(before[name]);
      expect(await json(['status'])).toMatchObject({ code: 0 });
      expect(await json(['agents', 'resume', agent])).toMatchObject({ code: 0 });
    });
  });

  test('rows that are not what the log says are found, and built again', async () => {
    const store = openStore(writ.connection.databaseUrl, { max: 1 });
    await store.pool.query("update agents set name = 'somebody else'");
    await store.close();
    const deep = await json(['doctor', '--deep']);
    expect(deep.code).toBe(1);
    expect(JSON.stringify(deep.value)).toContain('is different in name');
    const repaired = await json(['doctor', '--deep', '--repair']);
    expect(JSON.stringify(repaired.value)).toContain('"repaired"');
    await holds(async () => {
      expect(await json(['doctor', '--deep'])).toMatchObject({ code: 0, value: { healthy: true } });
      expect(await json(['agents', 'show', agent])).toMatchObject({ value: { name: agent } });
    });
  });

  test('nothing secret is in the log', async () => {
    const log = await readFile(join(dataDir, 'logs', 'writ.log'), 'utf8');
    const secrets = JSON.parse(await readFile(join(dataDir, 'secrets.json'), 'utf8')) as {
      pepper: string;
      ingest: string;
    };
    expect(log).toContain('"ready"');
    for (const secret of [writ.connection.adminKey, secrets.pepper, secrets.ingest])
      expect(log).not.toContain(secret);
  });
});
