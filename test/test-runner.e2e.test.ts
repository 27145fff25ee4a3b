/** The last line of a test run tells the truth, whatever happened before it. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
let tree = '';

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'writ-runner-'));
  for (const path of [
    'package.json',
    'tsconfig.base.json',
    'vitest.config.ts',
    'scripts',
    'packages/embedded',
  ])
    cpSync(join(root, path), join(tree, path), {
      recursive: true,
      filter: (from) => !from.includes('.test.ts'),
    });
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

/** Runs one file of tests and gives the last line of what was said, and whether it ended well. */
function run(body: string, filter = 'sample') {
  mkdirSync(join(tree, 'cases'), { recursive: true });
  writeFileSync(
    join(tree, 'cases', 'sample.unit.test.ts'),
    `import { expect, test } from 'vitest';\n${body}\n`,
  );
  const outside = Object.entries(process.env).filter(([name]) => !/VITEST|WRIT|^TEST$/.test(name));
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(tree, 'scripts', 'test.mjs'), filter],
    {
      cwd: tree,
      encoding: 'utf8',
      env: Object.fromEntries(outside),
    },
  );
  return { status, last: stdout.trimEnd().split('\n').at(-1), said: stdout };
}

test('counts what passed', () => {
  expect(run("test('a', () => {});\ntest('b', () => {});")).toMatchObject({
    status: 0,
    last: '2 passed, 0 failed',
  });
});

test('counts what failed and fails', () => {
  const body = "test('a', () => {});\ntest('b', () => expect(1).toBe(2));";
  expect(run(body)).toMatchObject({ status: 1, last: '1 passed, 1 failed' });
});

test('names what was skipped', () => {
  const body = "test('a', () => {});\ntest.skip('b', () => {});";
  expect(run(body)).toMatchObject({ status: 0, last: '1 passed, 0 failed, 1 skipped' });
});

test('counts a file that cannot be loaded as failed', () => {
  expect(run("await import('./nowhere.ts');")).toMatchObject({
    status: 1,
    last: '0 passed, 1 failed',
  });
});

test('counts an error outside of every test as failed', () => {
  const body =
    "test('a', async () => {\n  void Promise.reject(new Error('lost'));\n  await new Promise((r) => setTimeout(r, 50));\n});";
  expect(run(body)).toMatchObject({ status: 1, last: '1 passed, 1 failed' });
});

test('fails when the runner itself dies', () => {
  const body =
    "test('a', async () => {\n  process.kill(process.ppid, 'SIGKILL');\n  await new Promise((r) => setTimeout(r, 5000));\n});";
  expect(run(body)).toMatchObject({ status: 1, last: '0 passed, 1 failed' });
});

test('fails when there is nothing to run', () => {
  expect(run("test('a', () => {});", 'nowhere')).toMatchObject({
    status: 1,
    last: '0 passed, 0 failed',
  });
});

test('fails when a test leaves a server running', () => {
  const record = JSON.stringify(join(tree, 'packages', 'embedded', 'src', 'run-record.ts'));
  const body = `import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordServer } from ${record};
test('a', () => {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  child.unref();
  recordServer(mkdtempSync(join(tmpdir(), 'left-')), { name: 'sleeper', pid: child.pid ?? 0, steps: [] });
});`;
  const result = run(body);
  expect(result).toMatchObject({ status: 1, last: '1 passed, 1 failed' });
  expect(result.said).toContain('left running by a test: sleeper');
});
