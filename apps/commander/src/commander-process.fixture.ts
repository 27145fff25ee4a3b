/** A commander in a process of its own: its addresses, secrets and the error of its clock come in the environment. Says `ready`, and what it warns of. */
import type { Secrets } from '@writ/bus';
import { startCommander } from './start-commander.ts';

// A test run that is killed leaves nothing behind.
process.on('disconnect', () => process.exit());

// A clock that was set wrong.
const offMs = Number(process.env['COMMANDER_CLOCK_OFF_MS'] ?? 0);
const now = Date.now;
Date.now = () => now() + offMs;

const log = {
  debug() {},
  info() {},
  warn: (_fields: object, message?: string) => void process.send?.(message),
  error: console.error,
};
await startCommander({
  secrets: JSON.parse(process.env['COMMANDER_SECRETS'] ?? '') as Secrets,
  natsUrl: process.env['COMMANDER_NATS_URL'] ?? '',
  databaseUrl: process.env['COMMANDER_DATABASE_URL'] ?? '',
  version: '0.0.0',
  log,
});
process.send?.('ready');
