// Everything that has to be green, in the order in which it fails soonest (Node 24).
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tool = (name) => join(root, 'node_modules', '.bin', name);

const steps = [
  { name: 'format', command: tool('biome'), args: ['format', '.'] },
  { name: 'lint', command: tool('oxlint'), args: ['--type-aware', '--deny-warnings'] },
  { name: 'typecheck', command: tool('tsc'), args: ['-b'] },
  { name: 'unused code', command: tool('knip'), args: [] },
  { name: 'boundaries', command: tool('turbo'), args: ['boundaries'] },
  { name: 'tests', command: process.execPath, args: [join(root, 'scripts', 'test.mjs')] },
];

const failed = [];
for (const { name, command, args } of steps) {
  process.stderr.write(`\n── ${name}\n`);
  const startedAt = Date.now();
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
  process.stderr.write(
    `${status === 0 ? 'ok' : 'FAILED'} ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n`,
  );
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) process.stderr.write(`\nnot green: ${failed.join(', ')}\n`);
process.exit(failed.length === 0 ? 0 : 1);
