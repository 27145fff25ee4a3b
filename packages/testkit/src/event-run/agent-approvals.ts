/** Approvals that are asked for, given, refused, used and forgotten. */
import { subjects, type WritEvent } from '@writ/contracts';
import type { Agent } from './agent-lives.ts';
import { OPERATOR, type RunLog } from './run-log.ts';

export class AgentApprovals {
  readonly #log: RunLog;
  readonly #asked: (Agent & {
    readonly approvalId: string;
    readonly status: 'pending' | 'approved';
  })[] = [];

  constructor(log: RunLog) {
    this.#log = log;
  }

  /** Asks for an approval, or goes on with one that was asked for: given, refused, used or over. */
  goOn(agent: Agent): void {
    const known = this.#log.below(3) === 0 ? undefined : this.#asked.shift();
    if (!known) return this.#ask(agent);
    const { tenant, agentId, approvalId, status } = known;
    const write = (event: WritEvent) =>
      this.#log.write(subjects.grants(tenant, agentId), `grants/${agentId}`, event);
    const next = this.#log.below(4);
    if (next === 0) return write({ type: 'ApprovalExpired', data: { approvalId, agentId } });
    if (next === 1 && status === 'approved')
      return write({
        type: 'ApprovalUsed',
        data: { approvalId, agentId, decisionId: this.#log.uuid() },
      });
    const verdict = next === 2 ? 'rejected' : 'approved';
    const decidedBy = `k0person${this.#log.below(3)}`;
    const data = { approvalId, agentId, verdict, reason: 'looked at it', decidedBy } as const;
    write({ type: 'ApprovalDecided', data });
    if (verdict === 'approved') this.#asked.push({ ...known, status: 'approved' });
  }

  #ask({ tenant, agentId }: Agent): void {
    const approvalId = this.#log.uuid();
    this.#asked.push({ tenant, agentId, approvalId, status: 'pending' });
    const data = {
      approvalId,
      agentId,
      action: 'pay',
      resource: `invoice:${this.#log.below(20)}`,
      context: { amount: this.#log.below(10_000), note: 'größer, "mostly" \u0000' },
      argumentsHash: `sha256:${String(this.#log.below(50)).padStart(64, '0')}`,
      requiredBy: [{ kind: 'policy' as const, id: 'large-sums' }],
      approvalsNeeded: this.#log.below(2) === 0 ? (1 as const) : (2 as const),
      expiresAt: new Date(this.#log.timeMs + this.#log.below(10_000_000)).toISOString(),
      requestedBy: OPERATOR,
    };
    this.#log.write(subjects.grants(tenant, agentId), `grants/${agentId}`, {
      type: 'ApprovalRequested',
      data,
    });
  }
}
