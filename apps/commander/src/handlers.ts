/** Every command and every order of governors, and who handles it. */
import type { CommandVerb, GovernorVerb } from '@writ/contracts';
import { decideApproval, requestApproval, useApproval } from './authority/approvals.ts';
import { delegateGrant } from './authority/delegate-grant.ts';
import { issueGrant, revokeGrant } from './authority/handlers.ts';
import { engageKillSwitch, releaseKillSwitch } from './authority/kill-switch.ts';
import {
  activatePolicies,
  publishPolicies,
  publishSchema,
  rollBackPolicies,
} from './authority/policy-handlers.ts';
import { reserveUse } from './authority/uses.ts';
import type { Handler } from './desk.ts';
import { publishValidation } from './authority/validation.ts';
import { recordValidation, reportExecution, startExecution } from './execution/handlers.ts';
import { dropDeadLetter, retryDeadLetter } from './operations/handlers.ts';
import { registerAgent, resumeAgent, retireAgent, suspendAgent } from './registry/handlers.ts';
import { createKey, revokeKey } from './tenancy/handlers.ts';
import { clearSuspension, giveFeedback } from './trust/handlers.ts';
import { publishModel } from './trust/publish-model.ts';

export const handlers: { readonly [V in CommandVerb]: Handler<V> } = {
  'registry.register-agent': registerAgent,
  'registry.retire-agent': retireAgent,
  'registry.suspend-agent': suspendAgent,
  'registry.resume-agent': resumeAgent,
  'authority.issue-grant': issueGrant,
  'authority.delegate-grant': delegateGrant,
  'authority.revoke-grant': revokeGrant,
  'authority.decide-approval': decideApproval,
  'authority.publish-policies': publishPolicies,
  'authority.activate-policies': activatePolicies,
  'authority.engage-kill-switch': engageKillSwitch,
  'authority.release-kill-switch': releaseKillSwitch,
  'authority.rollback-policies': rollBackPolicies,
  'authority.publish-schema': publishSchema,
  'authority.publish-validation': publishValidation,
  'execution.start': startExecution,
  'execution.report': reportExecution,
  'trust.give-feedback': giveFeedback,
  'trust.clear-suspension': clearSuspension,
  'trust.publish-model': publishModel,
  'tenancy.create-key': createKey,
  'tenancy.revoke-key': revokeKey,
  'operations.retry-dead-letter': retryDeadLetter,
  'operations.drop-dead-letter': dropDeadLetter,
};

export const governorHandlers: { readonly [V in GovernorVerb]: Handler<V> } = {
  'reserve-use': reserveUse,
  'record-validation': recordValidation,
  'request-approval': requestApproval,
  'use-approval': useApproval,
};
