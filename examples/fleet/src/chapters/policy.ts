/** A policy that asks for trust: it only ever narrows what grants allow. */
import { createHash } from 'node:crypto';
import { PermissionDenied } from '@writ/sdk';
import { cast, SUMMARISE } from '../cast.ts';
import { expectThat } from '../expectation.ts';
import type { Fleet } from '../fleet.ts';
import { readCounts } from '../tasks/counts.ts';
import { profileOf } from '../tasks/profile.ts';
import { figuresOf, hastyFiguresOf, summaryOf } from '../tasks/summary.ts';
import { produce } from './work.ts';

/** More than the 120 of a newcomer, so that a new name is no way around it. */
const TRUST_NEEDED = 200;
const POLICY_ID = 'fleet-summaries-need-trust';
const POLICY = `forbid (principal, action == Action::"${SUMMARISE}", resource)\nunless { principal.trust >= ${TRUST_NEEDED} };`;

type Policies = Readonly<Record<string, string>>;

export async function policy(fleet: Fleet): Promise<void> {
  const { printer } = fleet;
  await printer.chapter(
    'The operator asks for trust: published, activated, in force at the next call',
  );
  for (const line of POLICY.split('\n')) printer.text(line);
  const version = await activate(fleet, { ...(await othersPolicies(fleet)), [POLICY_ID]: POLICY });
  printer.done(`version ${version} of the policies is active`);

  const denied = await attempt(() =>
    produce(fleet, 'hasty', {
      file: 'hasty-summary.md',
      make: async () => summaryOf(hastyFiguresOf(await readCounts()), cast.hasty.name),
    }),
  );
  expectThat(
    denied !== undefined,
    `\`${cast.hasty.agentId}\` may still \`${SUMMARISE}\`, although the policy asks for more trust than it has`,
  );
  expectThat(
    denied.code === 'TRUST_TOO_LOW',
    `\`${cast.hasty.agentId}\` was denied with ${denied.code}, not TRUST_TOO_LOW`,
  );
  printer.refused(
    `${cast.hasty.agentId.padEnd(18)} ${SUMMARISE}: ${denied.code}, trust ${denied.trust}`,
  );
  printer.note(denied.reasons[0]?.text ?? '');
  await produce(fleet, 'summariser', {
    file: 'summary.md',
    make: async () => summaryOf(figuresOf(profileOf(await readCounts())), cast.summariser.name),
  });
}

/** Takes the story's policy out of force, so that the story begins where it begins; others' policies stay. */
export async function openHouse(fleet: Fleet): Promise<void> {
  const active = await activePolicies(fleet);
  if (!(POLICY_ID in active)) return;
  await activate(fleet, await othersPolicies(fleet));
  fleet.printer.note(`policy \`${POLICY_ID}\` of an earlier run is taken out of force`);
}

async function attempt(work: () => Promise<unknown>): Promise<PermissionDenied | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof PermissionDenied) return error;
    throw error;
  }
}

/** Publishes a set once, however often the story is told, and activates it. */
async function activate({ operator }: Fleet, policies: Policies): Promise<string> {
  const digest = createHash('sha256')
    .update(JSON.stringify(Object.entries(policies).sort()))
    .digest('hex');
  const published = await operator.publishPolicies(
    { policies: { ...policies }, note: 'the demonstration' },
    { idempotencyKey: `fleet-policies-${digest}` },
  );
  await operator.activatePolicies(published.result.version);
  return published.result.version;
}

async function othersPolicies(fleet: Fleet): Promise<Policies> {
  const { [POLICY_ID]: _, ...others } = await activePolicies(fleet);
  return others;
}

/** The policies in force, read from the log. */
async function activePolicies({ operator }: Fleet): Promise<Policies> {
  const published = new Map<string, Policies>();
  let active: Policies = {};
  for await (const event of operator.history({ types: ['PoliciesPublished', 'PoliciesActivated'] }))
    if (event.type === 'PoliciesPublished') published.set(event.data.version, event.data.policies);
    else active = published.get(event.data.version) ?? {};
  return active;
}
