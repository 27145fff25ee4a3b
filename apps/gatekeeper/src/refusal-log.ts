/** One line per key and reason every ten seconds, with a count: a client that tries in a loop fills no disk. */
import type { Logger } from '@writ/bus';

const QUIET_MS = 10_000;
const MOST_NAMES = 1000;

export type Refusal = {
  readonly keyId: string | null;
  readonly reason: string;
  readonly host: string | undefined;
  readonly connectionName: string | undefined;
};

export type RefusalLog = { note(refusal: Refusal, nowMs: number): void };

export function createRefusalLog(log: Logger): RefusalLog {
  const seen = new Map<string, { loggedMs: number; unlogged: number }>();
  return {
    note({ keyId, reason, host, connectionName }, nowMs) {
      const name = `${keyId}/${reason}`;
      const before = seen.get(name);
      if (before && nowMs - before.loggedMs < QUIET_MS) {
        before.unlogged++;
        return;
      }
      if (!before && seen.size >= MOST_NAMES) seen.clear();
      seen.set(name, { loggedMs: nowMs, unlogged: 0 });
      const name_ = connectionName?.slice(0, 64);
      log.warn(
        { keyId, reason, host, connection: name_, unlogged: before?.unlogged ?? 0 },
        'login refused',
      );
    },
  };
}
