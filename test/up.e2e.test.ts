import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, isRunning, runWrit, spawnWrit, startWrit, type Writ } from '@writ/testkit';
import { afterEach, expect, test } from 'vitest';

const PATIENT = { withinMs: 60_000 };
const folders: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'writ-up-e2e-'));
  folders.push(folder);
  return folder;
}

const started: Writ[] = [];

async function start(options: Parameters<typeof startWrit>[0] = {}): Promise<Writ> {
  const writ = await startWrit(options);
  started.push(writ);
  return writ;
}

afterEach(async () => {
  // What a failed test left running.
  await Promise.all(
    started
      .splice(0)
      .filter(({ process }) => isRunning(process.pid))
      .map((writ) => writ.stop()),
  );
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const anyPort = (dataDir: string) => ({ WRIT_DATA_DIR: dataDir, WRIT_HTTP_PORT: '0' });

test('Ctrl-C stops everything in order, and the next start has the same data and the same key', async () => {
  const dataDir = await newFolder();
  const first = await start({ dataDir });
  const pids = [first.process.pid, ...Object.values(await first.serverPids())];
  await first.run(['agents', 'register', 'kept', '--type', 'x']);
  const ended = await first.stop('SIGINT');
  expect([ended.code, ended.signal]).toEqual([0, null]);
  expect(pids.filter(isRunning)).toEqual([]);
  expect(existsSync(join(dataDir, 'connection.json'))).toBe(false);

  const second = await start({ dataDir });
  expect(second.connection.adminKey).toBe(first.connection.adminKey);
  await eventually(async () => (await second.run(['agents', 'show', 'kept'])).code === 0, PATIENT);
  await second.stop('SIGTERM');
});

test('after a crash the next start ends the servers left behind and has what was stored', async () => {
  const dataDir = await newFolder();
  const first = await start({ dataDir });
  const servers = Object.values(await first.serverPids());
  await first.run(['agents', 'register', 'kept', '--type', 'x']);
  await first.kill9();
  expect(servers.filter(isRunning)).toEqual(servers);

  const second = await start({ dataDir });
  expect(servers.filter(isRunning)).toEqual([]);
  await eventually(async () => (await second.run(['agents', 'show', 'kept'])).code === 0, PATIENT);
  await second.stop();
});

test('the demonstration tells its story, and the platform stays up', async () => {
  const writ = await start({ args: ['--demo'] });
  await eventually(() => writ.process.stdout().includes('Writ is running'), PATIENT);
  expect(writ.process.stderr()).not.toContain('failed');
  for (const said of ['granted', 'NO_GRANT', 'TRUST_TOO_LOW', 'AGENT_SUSPENDED', 'replayed'])
    expect(writ.process.stdout()).toContain(said);
  await eventually(async () => (await writ.run(['doctor', '--deep'])).code === 0, PATIENT);
  expect((await writ.stop()).code).toBe(0);
});

test('two signals at once, as npm sends them, are one: it stops cleanly', async () => {
  const writ = await start();
  const pids = Object.values(await writ.serverPids());
  writ.process.kill('SIGINT');
  expect((await writ.stop('SIGINT')).code).toBe(0);
  expect(pids.filter(isRunning)).toEqual([]);
});

test('a stop while it starts is a clean stop', async () => {
  const dataDir = await newFolder();
  const child = spawnWrit(['up'], { env: anyPort(dataDir) });
  const { pid } = await eventually(async () => {
    const record = await readFile(join(dataDir, 'run', 'nats-server.json'), 'utf8');
    return JSON.parse(record) as { pid: number };
  }, PATIENT);
  child.kill('SIGINT');
  const { code } = await child.ended;
  expect(code).toBe(0);
  expect(isRunning(pid)).toBe(false);
});

test('rows of a log that is gone are not mixed with a new one, and doctor mends it', async () => {
  const dataDir = await newFolder();
  const first = await start({ dataDir });
  await first.run(['agents', 'register', 'gone', '--type', 'x']);
  await eventually(async () => (await first.run(['agents', 'show', 'gone'])).code === 0, PATIENT);
  await first.stop();
  await rm(join(dataDir, 'nats'), { recursive: true });

  const second = await start({ dataDir });
  const examined = await second.run(['doctor']);
  expect(examined.code).toBe(1);
  expect(examined.stdout).toContain('`writ doctor --repair`');
  const lost = /no fact of the rows is in this log; what was at 1 to \d+ is lost from the log/;
  expect(examined.stdout).toMatch(lost);
  const repaired = await second.run(['doctor', '--repair']);
  expect(repaired.stderr).toMatch(lost);
  expect(repaired.stdout).toContain('repaired');
  await eventually(async () => (await second.run(['doctor', '--deep'])).code === 0, PATIENT);
  expect((await second.run(['agents', 'show', 'gone'])).code).toBe(1);
  await second.stop();
});

test('a lost admin key is replaced by another that works', async () => {
  const dataDir = await newFolder();
  const first = await start({ dataDir });
  await first.stop();
  await rm(join(dataDir, 'admin.key'));
  const second = await start({ dataDir });
  expect(second.connection.adminKey).not.toBe(first.connection.adminKey);
  expect((await second.run(['keys', 'list'])).code).toBe(0);
  await second.stop();
});

test('a port that is taken is one clear error and leaves nothing running', async () => {
  const dataDir = await newFolder();
  const squatter = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => squatter.once('listening', resolve));
  const { port } = squatter.address() as AddressInfo;
  const env = { WRIT_DATA_DIR: dataDir, WRIT_HTTP_PORT: String(port) };
  const { code, stderr } = await runWrit(['up'], { env });
  squatter.close();
  expect(code).toBe(3);
  expect(stderr).toContain(`port ${port} of \`127.0.0.1\` is taken`);
});

test("a directory with somebody else's files is neither used nor deleted", async () => {
  const dataDir = await newFolder();
  await writeFile(join(dataDir, 'thesis.txt'), 'years of work');
  for (const args of [['up'], ['up', '--fresh']]) {
    const { code, stderr } = await runWrit(args, { env: anyPort(dataDir) });
    expect(code).toBe(3);
    expect(stderr).toContain('files');
  }
  expect(await readFile(join(dataDir, 'thesis.txt'), 'utf8')).toBe('years of work');
});

test('a fresh start forgets what was there', async () => {
  const dataDir = await newFolder();
  const first = await start({ dataDir });
  await first.run(['agents', 'register', 'gone', '--type', 'x']);
  await first.stop();
  const second = await start({ dataDir, args: ['--fresh'] });
  expect((await second.run(['agents', 'show', 'gone'])).code).toBe(1);
  expect(second.connection.adminKey).not.toBe(first.connection.adminKey);
  await second.stop();
});

test('roles run alone beside it, and stop on their own', async () => {
  const writ = await start();
  const governor = spawnWrit(['run', 'governor'], { env: { WRIT_DATA_DIR: writ.dataDir } });
  await eventually(() => governor.stderr().includes('ready: governor'), { withinMs: 30_000 });
  governor.kill('SIGTERM');
  expect((await governor.ended).code).toBe(0);
  expect((await writ.run(['status'])).code).toBe(0);
  await writ.stop();
});

test('a role without servers ends with 3 and says what is missing', async () => {
  const dataDir = await newFolder();
  const nothing = await runWrit(['run', 'governor'], { env: { WRIT_DATA_DIR: dataDir } });
  expect(nothing.code).toBe(3);
  expect(nothing.stderr).toContain('secrets');
  const writ = await start({ dataDir });
  await writ.stop();
  const env = { WRIT_DATA_DIR: dataDir, WRIT_NATS_URL: 'nats://127.0.0.1:1' };
  const refused = await runWrit(['run', 'governor'], { env });
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain('no connection to NATS at `nats://127.0.0.1:1`');
});

test('the printed server configuration serves the platform from outside', async () => {
  const { startNats } = await import('@writ/embedded');
  const dataDir = await newFolder();
  const first = await start({ dataDir });
  await first.stop();
  const printed = await runWrit(['config', 'nats', '--port', '1', '--json'], {
    env: { WRIT_DATA_DIR: dataDir },
  });
  const { config } = JSON.parse(printed.stdout) as { config: string };
  const home = await newFolder();
  const nats = await startNats({
    dataDir: home,
    configText: ({ storeDir }) =>
      config
        .replace('listen: "127.0.0.1:1"', 'listen: "127.0.0.1:-1"')
        .replace('store_dir: "/var/lib/nats"', `store_dir: "${storeDir}"`),
  });
  try {
    const creds = join(dataDir, 'secrets.json');
    const env = { WRIT_NATS_URL: nats.url, WRIT_NATS_CREDS: creds };
    const writ = await start({ env });
    expect(writ.connection.natsUrl).toBe(nats.url);
    expect(Object.keys(await writ.serverPids())).toEqual(['postgres']);
    expect((await writ.run(['agents', 'list'])).code).toBe(0);
    await writ.stop();
  } finally {
    await nats.stop();
  }
});

test('a server that lets anybody in is refused, and one that does not know the roles too', async () => {
  const { startNats } = await import('@writ/embedded');
  const dataDir = await newFolder();
  const home = await newFolder();
  const open = await startNats({
    dataDir: home,
    configText: ({ storeDir }) =>
      `listen: "127.0.0.1:-1"\nhttp: "127.0.0.1:-1"\njetstream { store_dir: "${storeDir}" }\n`,
  });
  const otherHome = await newFolder();
  const closed = await startNats({
    dataDir: otherHome,
    configText: () =>
      'listen: "127.0.0.1:-1"\nhttp: "127.0.0.1:-1"\nauthorization { token: "other" }\n',
  });
  try {
    const up = (url: string) =>
      runWrit(['up'], { env: { ...anyPort(dataDir), WRIT_NATS_URL: url } });
    const letIn = await up(open.url);
    expect([letIn.code, letIn.stderr]).toEqual([3, expect.stringContaining('lets anybody in')]);
    const keptOut = await up(closed.url);
    expect([keptOut.code, keptOut.stderr]).toEqual([3, expect.stringContaining('as `operator`')]);
  } finally {
    await Promise.all([open.stop(), closed.stop()]);
  }
});
