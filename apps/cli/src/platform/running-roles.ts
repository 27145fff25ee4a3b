/** A set of roles as one thing: started side by side, asked whether they are ready, stopped in order. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger, RunningRole } from '@writ/bus';
import { CliFailure, exitCodes } from '../failure.ts';

/** Who asks stops first; who decides on logins stops last. */
const stopOrder: readonly (readonly string[])[] = [
  ['api'],
  ['governor', 'commander'],
  ['projector'],
  ['gatekeeper'],
];

export const STOP_WITHIN_MS = 30_000;
const READY_WITHIN_MS = 60_000;

/** Waits until every role says that it is ready; a failure that names those that are not. */
export async function untilReady(
  roles: readonly RunningRole[],
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const waiting = roles
      .map((role) => ({ name: role.name, ...role.ready() }))
      .filter((state) => !state.ok);
    if (waiting.length === 0 || signal.aborted) return;
    if (performance.now() > deadline) {
      const why = waiting.map(({ name, detail }) => `${name} (${detail ?? 'starting'})`).join(', ');
      throw new CliFailure(
        exitCodes.unreachable,
        `not ready after ${READY_WITHIN_MS / 1000} s: ${why}; \`writ doctor\` says more`,
      );
    }
    await pause(5);
  }
}

/** Stops the roles, together at most `STOP_WITHIN_MS`; what fails or takes longer is logged and left. */
export async function stopRoles(roles: readonly RunningRole[], log: Logger): Promise<void> {
  const over = new AbortController();
  const late = pause(STOP_WITHIN_MS, 'late' as const, { signal: over.signal }).catch(
    () => 'over' as const,
  );
  const stopped = stopInOrder(roles, log).then(() => 'stopped' as const);
  if ((await Promise.race([stopped, late])) === 'late')
    log.error({}, `roles did not stop within ${STOP_WITHIN_MS / 1000} s and are left`);
  over.abort();
}

async function stopInOrder(roles: readonly RunningRole[], log: Logger): Promise<void> {
  for (const names of stopOrder)
    await Promise.all(
      roles
        .filter((role) => names.includes(role.name))
        .map((role) =>
          role
            .stop()
            .catch((error: unknown) =>
              log.error({ role: role.name, err: error }, 'the role did not stop cleanly'),
            ),
        ),
    );
}
