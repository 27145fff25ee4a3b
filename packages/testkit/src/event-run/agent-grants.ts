/** Grants with and without limits, handed on, used and revoked. */
import { type EventData, subjects, type WritEvent } from '@writ/contracts';
import type { Agent } from './agent-lives.ts';
import { OPERATOR, type RunLog } from './run-log.ts';

type Terms = Pick<EventData<'GrantIssued'>, 'expiresAt' | 'conditions' | 'delegable' | 'parent'>;
type GivenGrant = Agent & Terms & { readonly grantId: string };

/** The same grant for another agent, which can hand it on once less. */
function handOn({ grantId, agentId, expiresAt, conditions, delegable }: GivenGrant): Terms {
  return { expiresAt, conditions, delegable: delegable - 1, parent: { grantId, agentId } };
}

export class AgentGrants {
  readonly #log: RunLog;
  readonly #grants: GivenGrant[] = [];
  readonly #used: { readonly grant: GivenGrant; readonly decisionId: string }[] = [];

  constructor(log: RunLog) {
    this.#log = log;
  }

  grant({ tenant, agentId }: Agent): void {
    const grantId = this.#log.uuid();
    const ends = new Date(this.#log.timeMs + this.#log.below(1_000_000_000)).toISOString();
    const terms: Terms = {
      expiresAt: this.#log.below(2) === 0 ? null : ends,
      conditions: this.#conditions(),
      delegable: this.#log.below(2) === 0 ? 0 : 3,
      parent: null,
    };
    const from = this.#grants.findLast(
      (one) => one.tenant === tenant && one.delegable > 0 && one.agentId !== agentId,
    );
    const given = from && this.#log.below(3) === 0 ? handOn(from) : terms;
    this.#grants.push({ tenant, agentId, grantId, ...given });
    const data = {
      grantId,
      agentId,
      actions: ['generate_chart', 'read_*'],
      resources: ['dataset:*'],
      notBefore: null,
      ...given,
      reason: 'quarterly reports',
      issuedBy: OPERATOR,
    };
    this.#log.write(subjects.grants(tenant, agentId), `grants/${agentId}`, {
      type: 'GrantIssued',
      data,
    });
  }

  /** Reserves a use of a grant, or tells what became of one. */
  use(): void {
    const known = this.#log.below(2) === 0 ? this.#used.shift() : undefined;
    const grant = known?.grant ?? this.#grants[this.#log.below(this.#grants.length)];
    if (!grant) return;
    const { tenant, agentId, grantId } = grant;
    const write = (event: WritEvent) =>
      this.#log.write(subjects.grants(tenant, agentId), `grants/${agentId}`, event);
    const use = { grantId, agentId, decisionId: known?.decisionId ?? this.#log.uuid() };
    const amounts = { costMicros: this.#log.below(10_000), tokens: null };
    if (!known) {
      this.#used.push({ grant, decisionId: use.decisionId });
      write({ type: 'GrantUseReserved', data: { ...use, usedBy: agentId, ...amounts } });
    } else if (this.#log.below(2) === 0)
      write({ type: 'GrantUseReleased', data: { ...use, reason: 'cancelled' } });
    else write({ type: 'GrantUseSettled', data: { ...use, ...amounts } });
  }

  revoke(): void {
    const [grant] = this.#grants.splice(this.#log.below(this.#grants.length), 1);
    if (!grant) return;
    const { tenant, agentId, grantId } = grant;
    const data = { grantId, agentId, reason: null, revokedBy: OPERATOR };
    this.#log.write(subjects.grants(tenant, agentId), `grants/${agentId}`, {
      type: 'GrantRevoked',
      data,
    });
  }

  /** Some without any, some with one, some with all. */
  #conditions(): Terms['conditions'] {
    const seconds = 60 * (1 + this.#log.below(2000));
    const drawn = {
      maxCostMicros: this.#log.below(500_000),
      maxUses: 1 + this.#log.below(20),
      window: { limit: 1 + this.#log.below(100), seconds },
      budget: { seconds, costMicros: this.#log.below(500_000), exact: this.#log.below(2) === 0 },
      requireApproval: this.#log.below(2) === 0,
    };
    const names = Object.keys(drawn);
    const chosen = this.#log.below(names.length + 3);
    return Object.fromEntries(
      Object.entries(drawn).filter((_, n) => chosen > names.length || chosen === n),
    );
  }
}
