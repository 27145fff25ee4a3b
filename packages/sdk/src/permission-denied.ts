import type { DecisionReason, DenyCode, EvaluationReply, Outcome } from '@writ/contracts';

/** Denials that say nothing about the agent: the same question may be answered otherwise in a moment. */
const passing: readonly DenyCode[] = ['STALE_STATE', 'LOG_UNAVAILABLE', 'CLOCK_SKEW', 'OVERLOADED'];

/** Thrown by `withGovernance` when the answer is not an allow; the function was not called. */
export class PermissionDenied extends Error {
  override readonly name = 'PermissionDenied';
  /** Why, as one word, e.g. `NO_GRANT`; `REQUIRE_APPROVAL` when a person has to approve first. */
  readonly code: DenyCode | 'REQUIRE_APPROVAL';
  readonly outcome: Outcome;
  readonly decisionId: string;
  /** The approval that a person has to give, or did not give; null where none was asked for. */
  readonly approvalId: string | null;
  readonly reasons: readonly DecisionReason[];
  /** The score the decision saw, 0 to 1000, or null for an agent that is not registered. */
  readonly trust: number | null;
  /** Whether asking again later may help without anybody changing a rule. */
  readonly retryable: boolean;

  constructor({ context }: EvaluationReply, asked: string) {
    const why = context.message ?? context.reasons[0]?.text ?? 'no reason was given';
    super(`${asked} was not allowed: ${why}`);
    this.code =
      context.outcome === 'require_approval'
        ? 'REQUIRE_APPROVAL'
        : (context.code ?? 'ENGINE_ERROR');
    this.outcome = context.outcome;
    this.decisionId = context.decisionId;
    this.approvalId = context.approvalId ?? null;
    this.reasons = context.reasons;
    this.trust = context.trust;
    this.retryable = this.code !== 'REQUIRE_APPROVAL' && passing.includes(this.code);
  }
}
