import type { StoredEvent } from '@writ/bus';
import type { WritEvent } from '@writ/contracts';
import type { Approval, ApprovalsEventName } from '@writ/domain';

/** An approval that nobody has used or refused yet. */
export type OpenApproval = {
  readonly tenant: string;
  readonly agentId: string;
  readonly approvalId: string;
};

type Noted = Pick<Approval, (keyof OpenApproval & keyof Approval) | 'untilMs' | 'status'>;

/** Older ones that are closed are forgotten: whoever asks for one of them has to name its agent. */
const KEPT = 100_000;

/** Whose an approval is, and which of them end when. */
export class ApprovalBook {
  readonly #agents = new Map<string, string>();
  readonly #open = new Map<string, OpenApproval & { readonly untilMs: number }>();

  take(
    tenant: string,
    byAgent: ReadonlyMap<string, { readonly approvals: ReadonlyMap<string, Noted> }>,
  ): void {
    for (const { approvals } of byAgent.values())
      for (const approval of approvals.values()) this.#add(tenant, approval);
  }

  note(event: StoredEvent & WritEvent<ApprovalsEventName>): void {
    const { tenant } = event;
    if (event.type === 'ApprovalRequested') {
      const { approvalId, agentId, expiresAt } = event.data;
      const untilMs = Date.parse(expiresAt);
      return this.#add(tenant, { approvalId, agentId, untilMs, status: 'pending' });
    }
    const isOpen = event.type === 'ApprovalDecided' && event.data.verdict === 'approved';
    if (!isOpen) this.close(tenant, event.data.approvalId);
  }

  agentOf(tenant: string, approvalId: string): string | undefined {
    const name = `${tenant}/${approvalId}`;
    return this.#agents.get(name) ?? this.#open.get(name)?.agentId;
  }

  /** Looks at it no more: it is written down as over, or the log holds nothing of it any longer. */
  close(tenant: string, approvalId: string): void {
    this.#open.delete(`${tenant}/${approvalId}`);
  }

  /** Those whose time is over and of which the log does not say so. */
  over(nowMs: number): readonly OpenApproval[] {
    return [...this.#open.values()].filter(({ untilMs }) => untilMs <= nowMs);
  }

  #add(tenant: string, { approvalId, agentId, untilMs, status }: Noted): void {
    const name = `${tenant}/${approvalId}`;
    this.#agents.set(name, agentId);
    if (status === 'pending' || status === 'approved')
      this.#open.set(name, { tenant, agentId, approvalId, untilMs });
    if (this.#agents.size <= KEPT) return;
    const [oldest] = this.#agents.keys();
    if (oldest !== undefined) this.#agents.delete(oldest);
  }
}
