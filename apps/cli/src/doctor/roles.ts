/** The roles of the cell, in whatever process they run: which are there, and which of them do their work. */
import type { RoleReport } from '@writ/contracts';
import { asUser, cellSecrets, natsUrlOf } from '../platform/cell-access.ts';
import type { Session } from '../session.ts';
import { failed, type Finding, ok, warning } from './finding.ts';

type Presence = { readonly role: string; readonly running: number; readonly ready: number };

/** Without these nobody is let in, nothing is taken, decided or shown. */
const needed = ['gatekeeper', 'commander', 'governor', 'projector'] as const;
/** Long enough for every process to report. */
const LISTEN_MS = 5000;

export async function examineRoles(session: Session): Promise<readonly Finding[]> {
  const { body } = await session.api().getWhatever<{ roles?: readonly Presence[] }>('/ready');
  const present = body.roles ?? [];
  const missing = needed.filter((name) => !present.some(({ role }) => role === name));
  const idle = present.filter(({ role, ready }) => needed.some((n) => n === role) && ready === 0);
  const findings = missing.map((name) =>
    warning(
      'roles',
      `no ${name} is heard of`,
      `start one; a ${name} that refuses to start says why, and what to upgrade`,
    ),
  );
  if (idle.length > 0) {
    const reasons = await reasonsOf(session, new Set(idle.map(({ role }) => role)));
    for (const { role } of idle)
      findings.push(failed('roles', `no ${role} is ready: ${reasons.get(role) ?? 'see its log'}`));
  }
  if (findings.length > 0) return findings;
  return [ok('roles', present.map(({ role, running }) => `${role} × ${running}`).join(', '))];
}

/** What keeps a process of each role from its work, as it says on the bus: the API tells everybody, so not this. */
async function reasonsOf(
  session: Session,
  roles: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const reasons = new Map<string, string>();
  try {
    const secrets = await cellSecrets(session.config);
    const natsUrl = natsUrlOf(session.config, session.connection());
    await asUser('operator', { secrets, natsUrl }, async (nats) => {
      const { followRoleReports } = await import('@writ/bus');
      const { promise: heard, resolve } = Promise.withResolvers<void>();
      const reports = followRoleReports(nats, ({ role, ready, detail }: RoleReport) => {
        if (!ready && roles.has(role)) reasons.set(role, detail ?? 'starting');
        if (reasons.size === roles.size) resolve();
      });
      const deadline = setTimeout(resolve, LISTEN_MS);
      await heard;
      clearTimeout(deadline);
      reports.stop();
    });
  } catch {
    // That the bus can not be reached is a finding of other checks; the roles are known without it.
  }
  return reasons;
}
