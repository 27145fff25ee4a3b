/** Every table, as queries see it. */
import type { ApprovalRow } from './authority/approvals.ts';
import type { DecisionDenialsRow, DecisionGapRow, DecisionRow } from './authority/decisions.ts';
import type { GrantRow } from './authority/grants.ts';
import type { KillSwitchRow } from './authority/kill-switches.ts';
import type { PolicySchemaRow, PolicyVersionRow } from './authority/policies.ts';
import type { ExecutionRow } from './execution/executions.ts';
import type { ValidationRow, ValidationRulesRow } from './execution/validations.ts';
import type { DeadLetterRow } from './operations/dead-letters.ts';
import type { PositionRow } from './operations/position-row.ts';
import type { AgentRow, AgentVersionRow } from './registry/agents.ts';
import type { KeyRow } from './tenancy/keys.ts';
import type { FeedbackRow } from './trust/feedback.ts';
import type {
  TenantTrustModelRow,
  TrustAdminKeyRow,
  TrustModelInForceRow,
} from './trust/trust-models.ts';
import type { TrustFactRow, TrustRow } from './trust/trust.ts';

export type Database = {
  agents: AgentRow;
  agent_versions: AgentVersionRow;
  grants: GrantRow;
  approvals: ApprovalRow;
  policy_versions: PolicyVersionRow;
  kill_switches: KillSwitchRow;
  policy_schemas: PolicySchemaRow;
  decisions: DecisionRow;
  decision_gaps: DecisionGapRow;
  validations: ValidationRow;
  validation_rules: ValidationRulesRow;
  decision_denials: DecisionDenialsRow;
  executions: ExecutionRow;
  trust: TrustRow;
  trust_facts: TrustFactRow;
  tenant_trust_models: TenantTrustModelRow;
  trust_models_in_force: TrustModelInForceRow;
  trust_admin_keys: TrustAdminKeyRow;
  feedback: FeedbackRow;
  keys: KeyRow;
  dead_letters: DeadLetterRow;
  projection_positions: PositionRow;
};
