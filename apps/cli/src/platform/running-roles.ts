/** A set of roles as one thing: started side by side, asked whether they are ready, stopped in order. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger, RunningRole } from '@writ/bus';

/** Who asks stops first; who decides on logins stops last. */
const stopOrder: readonly (readonly string[])[] = [
  ['api'],
  ['governor', 'commander'],
  ['projector', 'snapshotter'],
  ['gatekeeper'],
];

const STOP_WITHIN_MS = 30_000;
const TELL_EVERY_MS = 5000;
const ofReadModels = ['projector', 'api'];

/**
 * Waits until the roles are ready, telling every few seconds who is not. Read models may be far behind, or need
 * `writ doctor --repair`, which needs the rest to run: past the first seconds they are not waited for.
 */
export async function untilReady(
  roles: readonly RunningRole[],
  { signal, tell }: { readonly signal: AbortSignal; readonly tell: (text: string) => void },
): Promise<void> {
  let tellAtMs = performance.now() + TELL_EVERY_MS;
  for (;;) {
    const waiting = roles.flatMap((role) => {
      const { ok, detail } = role.ready();
      return ok ? [] : [{ name: role.name, detail: detail ?? 'starting' }];
    });
    if (waiting.length === 0 || signal.aborted) return;
    if (performance.now() >= tellAtMs) {
      tellAtMs += TELL_EVERY_MS;
      tell(`not ready yet: ${waiting.map(({ name, detail }) => `${name} (${detail})`).join(', ')}`);
      if (waiting.every(({ name }) => ofReadModels.includes(name))) return;
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
