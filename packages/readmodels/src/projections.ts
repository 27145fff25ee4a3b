/** Every projection, by the stream it reads. */
import { approvalsProjection } from './authority/approvals-projection.ts';
import { decisionsProjection } from './authority/decisions-projection.ts';
import { grantsProjection } from './authority/grants-projection.ts';
import { killSwitchesProjection } from './authority/kill-switches-projection.ts';
import { policiesProjection } from './authority/policies-projection.ts';
import { executionsProjection } from './execution/executions-projection.ts';
import { validationsProjection } from './execution/validations-projection.ts';
import { deadLettersProjection } from './operations/dead-letters-projection.ts';
import { agentsProjection } from './registry/agents-projection.ts';
import { keysProjection } from './tenancy/keys-projection.ts';
import { feedbackProjection } from './trust/feedback-projection.ts';
import { trustProjection } from './trust/trust-projection.ts';

export const projections = {
  EVENTS: [
    agentsProjection,
    grantsProjection,
    approvalsProjection,
    policiesProjection,
    killSwitchesProjection,
    keysProjection,
    executionsProjection,
    validationsProjection,
    feedbackProjection,
    trustProjection,
  ],
  DECISIONS: [decisionsProjection],
  OPS: [deadLettersProjection],
} as const;
