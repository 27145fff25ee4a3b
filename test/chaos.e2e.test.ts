/** Three NATS nodes, every role twice and Postgres, killed one after the other under load: `npm run chaos`, but short. */
import { expect, test } from 'vitest';
import { chaos } from './chaos/chaos.ts';

const SECONDS = 25;

test('whatever is killed, nothing acknowledged is lost, doubled or out of order, rows are what a fresh fold says, and nothing is allowed that must be denied', {
  timeout: 600_000,
}, async () => {
  const said: string[] = [];
  const report = await chaos({
    seconds: SECONDS,
    seed: 20_261,
    killEveryMs: 4000,
    rollEveryMs: 8000,
    layout: 'hosts',
    clients: 1,
    tell: (text) => said.push(text),
  });
  for (const [name, found] of Object.entries(report.findings))
    expect(found, `${name}\n${said.join('\n')}`).toEqual([]);
  expect(report.counts.kills).toBeGreaterThan(0);
  expect(report.counts.rolls).toBeGreaterThan(0);
  expect(report.counts.acknowledged).toBeGreaterThan(0);
  expect(report.counts.queued).toBeGreaterThan(0);
  expect(report.counts.questions).toBeGreaterThan(0);
});
