// Runs the tests (Node 24). The last line is the count; whatever a test leaves behind fails the run.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reapServers } from '../packages/embedded/src/index.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// Everything the tests keep goes below one folder. Root's Postgres account must be able to pass through.
const folder = mkdtempSync(join(tmpdir(), 'writ-test-'));
chmodSync(folder, 0o711);
const countsFile = join(folder, 'counts.json');

const ended = await runVitest(process.argv.slice(2));
const counts = readCounts();
const leaked = await reapAll(folder);
rmSync(folder, { recursive: true, force: true });

for (const name of leaked) process.stdout.write(`left running by a test: ${name}\n`);
counts.failed += leaked.length;
if (counts.passed + counts.failed === 0) process.stdout.write('no test ran\n');
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
process.exit(ended === 0 && counts.failed === 0 && counts.passed > 0 ? 0 : 1);

async function runVitest(filters) {
  const child = spawn(
    process.execPath,
    [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '--reporter=default',
      `--reporter=${join(root, 'scripts', 'count-reporter.mjs')}`,
      ...filters,
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, TMPDIR: folder, WRIT_TEST_COUNTS: countsFile },
    },
  );
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return await new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function readCounts() {
  try {
    return JSON.parse(readFileSync(countsFile, 'utf8'));
  } catch {
    process.stdout.write('the test runner ended before it counted\n');
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/** Ends every server that is recorded in a data directory somewhere below `path`. */
async function reapAll(path) {
  const entries = entriesOf(path).filter((entry) => entry.isDirectory());
  const here = entries.some((entry) => entry.name === 'run') ? await reapServers(path) : [];
  const below = await Promise.all(entries.map((entry) => reapAll(join(path, entry.name))));
  return [...here, ...below.flat()];
}

function entriesOf(path) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    // Removed meanwhile.
    return [];
  }
}
