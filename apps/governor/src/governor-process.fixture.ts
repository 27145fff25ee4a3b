/** A governor in a process of its own: its address, secrets and name come in the environment. */
import type { Secrets } from '@writ/bus';
import { startGovernor } from './start-governor.ts';

// A test run that is killed leaves nothing behind.
process.on('disconnect', () => process.exit());

// A clock that was set wrong.
const offMs = Number(process.env['GOVERNOR_CLOCK_OFF_MS'] ?? 0);
const now = Date.now;
if (offMs !== 0) Date.now = () => now() + offMs;

const log = { debug() {}, info() {}, warn: console.error, error: console.error };
const secrets = JSON.parse(process.env['GOVERNOR_SECRETS'] ?? '') as Secrets;
const governor = await startGovernor({
  secrets,
  natsUrl: process.env['GOVERNOR_URL'] ?? '',
  version: '0.1.0',
  log,
  name: process.env['GOVERNOR_NAME'] ?? 'g1',
});
process.once('SIGTERM', () => void governor.stop().then(() => process.exit(0)));
process.send?.('ready');
