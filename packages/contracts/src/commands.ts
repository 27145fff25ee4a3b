/** Every command: its schema, which roles may give it, and the name of its HTTP operation. */
import type { z } from 'zod';
import { decideApproval } from './authority/approval.ts';
import { delegateGrant, issueGrant, revokeGrant } from './authority/grant.ts';
import { engageKillSwitch, releaseKillSwitch } from './authority/kill-switch.ts';
import {
  activatePolicies,
  publishPolicies,
  publishSchema,
  rollBackPolicies,
} from './authority/policy.ts';
import { publishValidation } from './authority/validation.ts';
import { reportExecution, startExecution } from './execution/execution.ts';
import { dropDeadLetter, retryDeadLetter } from './operations/dead-letter.ts';
import { registerAgent, resumeAgent, retireAgent, suspendAgent } from './registry/agent.ts';
import { createKey, type KeyRole, revokeKey } from './tenancy/key.ts';
import { clearSuspension, giveFeedback } from './trust/feedback.ts';
import { publishModel } from './trust/model.ts';

type CommandEntry = {
  readonly schema: z.ZodType;
  readonly roles: readonly KeyRole[];
  readonly summary: string;
};

const admin = ['admin'] as const;
const anyone = ['admin', 'agent'] as const;

export const commands = {
  'registry.register-agent': {
    schema: registerAgent,
    roles: anyone,
    summary: 'registers an agent or a new version of it',
  },
  'registry.retire-agent': {
    schema: retireAgent,
    roles: admin,
    summary: 'retires an agent and revokes its grants',
  },
  'registry.suspend-agent': {
    schema: suspendAgent,
    roles: admin,
    summary: 'stops an agent: everything it asks is denied',
  },
  'registry.resume-agent': {
    schema: resumeAgent,
    roles: admin,
    summary: 'lets a suspended agent go on',
  },
  'authority.issue-grant': {
    schema: issueGrant,
    roles: admin,
    summary: 'grants actions on resources to an agent',
  },
  'authority.delegate-grant': {
    schema: delegateGrant,
    roles: anyone,
    summary: 'hands a grant of an agent on to another agent, never wider than it is',
  },
  'authority.revoke-grant': { schema: revokeGrant, roles: admin, summary: 'takes a grant back' },
  'authority.decide-approval': {
    schema: decideApproval,
    roles: admin,
    summary: 'approves or rejects what an agent asked to do',
  },
  'authority.publish-policies': {
    schema: publishPolicies,
    roles: admin,
    summary: 'publishes a set of policies as a new version',
  },
  'authority.activate-policies': {
    schema: activatePolicies,
    roles: admin,
    summary: 'makes a published version the one that decides',
  },
  'authority.engage-kill-switch': {
    schema: engageKillSwitch,
    roles: admin,
    summary: 'stops an agent, a type, a tenant or everything: all they ask is denied',
  },
  'authority.release-kill-switch': {
    schema: releaseKillSwitch,
    roles: admin,
    summary: 'lets what a kill switch stopped go on',
  },
  'authority.rollback-policies': {
    schema: rollBackPolicies,
    roles: admin,
    summary: 'goes back to a version of the policies that was active before',
  },
  'authority.publish-schema': {
    schema: publishSchema,
    roles: admin,
    summary: 'declares actions and their contexts; policies and questions are held to it at once',
  },
  'authority.publish-validation': {
    schema: publishValidation,
    roles: admin,
    summary: 'publishes the rules that results are held against; they hold at once',
  },
  'execution.start': { schema: startExecution, roles: anyone, summary: 'announces an execution' },
  'execution.report': {
    schema: reportExecution,
    roles: anyone,
    summary: 'reports what came of an execution',
  },
  'trust.give-feedback': { schema: giveFeedback, roles: anyone, summary: 'rates an agent' },
  'trust.clear-suspension': {
    schema: clearSuspension,
    roles: admin,
    summary: 'clears the suspension that a critical event latched',
  },
  'trust.publish-model': {
    schema: publishModel,
    roles: admin,
    summary: 'publishes the parameters of trust, in force at once',
  },
  'tenancy.create-key': {
    schema: createKey,
    roles: admin,
    summary: 'creates an API key; its secret is shown this once',
  },
  'tenancy.revoke-key': {
    schema: revokeKey,
    roles: admin,
    summary: 'revokes an API key and closes its connections',
  },
  'operations.retry-dead-letter': {
    schema: retryDeadLetter,
    roles: admin,
    summary: 'gives the command of a dead letter again, as its own caller',
  },
  'operations.drop-dead-letter': {
    schema: dropDeadLetter,
    roles: admin,
    summary: 'lays a dead letter aside for good',
  },
} as const satisfies Record<string, CommandEntry>;

export type CommandVerb = keyof typeof commands;
export type CommandBody<V extends CommandVerb> = z.output<(typeof commands)[V]['schema']>;
export type CommandInput<V extends CommandVerb> = z.input<(typeof commands)[V]['schema']>;

export function isCommandVerb(verb: string): verb is CommandVerb {
  return Object.hasOwn(commands, verb);
}

/** The verbs that a key of this role may give. */
export function verbsOf(role: KeyRole): CommandVerb[] {
  return (Object.keys(commands) as CommandVerb[]).filter((verb) =>
    (commands[verb].roles as readonly KeyRole[]).includes(role),
  );
}
