/** Nobody may do anything until somebody grants it. */
import { cast, type Role, roles } from '../cast.ts';
import { expectThat } from '../expectation.ts';
import type { Fleet } from '../fleet.ts';

const GRANTED_FOR_DAYS = 30;

export async function grants(fleet: Fleet): Promise<void> {
  await fleet.printer.chapter('The operator grants what each may do');
  for (const role of roles) await grantWhereNeeded(fleet, role);
}

async function grantWhereNeeded({ operator, agents, printer }: Fleet, role: Role): Promise<void> {
  const { agentId, action, resources } = cast[role];
  const resource = resources[0].replace('*', 'counts');
  const ask = () =>
    agents[role].checkPermission(agentId, action, resource, {
      ...(operator.token === undefined ? {} : { atLeast: operator.token }),
    });
  const before = await ask();
  if (before.decision) {
    printer.done(
      `${agentId.padEnd(18)} may ${action} on ${resources[0]}, granted in an earlier run`,
    );
    return;
  }
  expectThat(
    before.context.code === 'NO_GRANT',
    `\`${agentId}\` has no grant, but was denied with ${before.context.code}`,
  );
  printer.refused(`${agentId.padEnd(18)} ${action} on ${resource}: ${before.context.code}`);
  await operator.issueGrant({
    agentId,
    actions: [action],
    resources: [...resources],
    expiresAt: new Date(Date.now() + GRANTED_FOR_DAYS * 86_400_000).toISOString(),
    reason: 'the demonstration',
  });
  const after = await ask();
  expectThat(
    after.decision,
    `\`${agentId}\` was granted \`${action}\` but is denied: ${after.context.code}`,
  );
  printer.done(
    `${agentId.padEnd(18)} granted ${action} on ${resources[0]} for ${GRANTED_FOR_DAYS} days`,
  );
}
