/** The roles of the cell, in whatever process they run: which are there, and which of them do their work. */
import type { Session } from '../session.ts';
import { failed, type Finding, ok, warning } from './finding.ts';

type Presence = {
  readonly role: string;
  readonly running: number;
  readonly ready: number;
  readonly detail: string | null;
};

/** Without these nobody is let in, nothing is taken, decided or shown. */
const needed = ['gatekeeper', 'commander', 'governor', 'projector'] as const;

export async function examineRoles(session: Session): Promise<readonly Finding[]> {
  const { body } = await session.api().getWhatever<{ roles?: readonly Presence[] }>('/ready');
  const present = body.roles ?? [];
  const findings = needed.flatMap((name): Finding[] => {
    const found = present.find(({ role }) => role === name);
    if (found === undefined)
      return [
        warning(
          'roles',
          `no ${name} is heard of`,
          `start one; a ${name} that refuses to start says why, and what to upgrade`,
        ),
      ];
    if (found.ready > 0) return [];
    return [failed('roles', `no ${name} is ready: ${found.detail ?? 'starting'}`)];
  });
  if (findings.length > 0) return findings;
  return [ok('roles', present.map(({ role, running }) => `${role} × ${running}`).join(', '))];
}
