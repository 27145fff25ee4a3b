import { subjects } from '@writ/contracts';
import { authority, type AuthorityCommand, type AuthorityState } from '@writ/domain';
import { type Part, partOf } from '../aggregates.ts';

/** The part of an order that concerns an agent's authority: everything on its subject is one aggregate. */
export function authorityPart(
  { tenant, agentId }: { readonly tenant: string; readonly agentId: string },
  command: (timeMs: number) => AuthorityCommand,
): Part<AuthorityState> {
  const where = { subject: subjects.grants(tenant, agentId), aggregate: `grants/${agentId}` };
  return partOf(where, authority, command);
}
