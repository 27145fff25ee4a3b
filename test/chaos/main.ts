/** `npm run chaos -- [--minutes 5] [--seed N] [--every MS] [--roll MS] [--clients N] [--layout roles|hosts] [--ruthless] [--json]`: exit code 1 when anything is not as it must be. */
import { parseArgs } from 'node:util';
import { chaos } from './chaos.ts';
import { describeReport } from './report.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    every: { type: 'string', default: '5000' },
    roll: { type: 'string', default: '20000' },
    clients: { type: 'string', default: '3' },
    layout: { type: 'string', default: 'roles' },
    ruthless: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

const report = await chaos({
  seconds: numberOf('minutes', values.minutes) * 60,
  seed: numberOf('seed', values.seed),
  killEveryMs: numberOf('every', values.every),
  rollEveryMs: numberOf('roll', values.roll),
  clients: numberOf('clients', values.clients),
  layout: values.layout === 'hosts' ? 'hosts' : 'roles',
  ruthless: values.ruthless,
  signal: stop.signal,
  tell: (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`),
});
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : describeReport(report));
process.exitCode = report.ok ? 0 : 1;

function numberOf(name: string, given: string): number {
  const value = Number(given);
  if (Number.isFinite(value) && value > 0) return value;
  process.stderr.write(`\`--${name}\` must be a number greater than 0, not \`${given}\`\n`);
  process.exit(2);
}
