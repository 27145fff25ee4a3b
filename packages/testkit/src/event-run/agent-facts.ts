/** What agents do and what is said of it. */
import { subjects } from '@writ/contracts';
import type { Agent } from './agent-lives.ts';
import type { RunLog } from './run-log.ts';

export class AgentFacts {
  readonly #log: RunLog;
  readonly #running: (Agent & { readonly executionId: string })[] = [];

  constructor(log: RunLog) {
    this.#log = log;
  }

  start({ tenant, agentId }: Agent): void {
    const executionId = this.#log.id('exec');
    this.#running.push({ tenant, agentId, executionId });
    const data = {
      executionId,
      agentId,
      action: 'generate_chart',
      resource: 'dataset:sales',
      decisionId: null,
      startedAt: null,
    };
    this.#log.write(subjects.facts(tenant, agentId), `facts/${agentId}`, {
      type: 'ExecutionStarted',
      data,
    });
  }

  report(agent: Agent): void {
    const known = this.#log.below(2) === 0 ? this.#running.pop() : undefined;
    const { tenant, agentId } = known ?? agent;
    const outcome = this.#log.pick([
      'succeeded',
      'succeeded',
      'succeeded',
      'failed',
      'cancelled',
      'timed_out',
    ] as const);
    const failed = outcome === 'failed' || outcome === 'timed_out';
    const data = {
      executionId: known?.executionId ?? this.#log.id('exec'),
      agentId,
      action: 'generate_chart',
      resource: `dataset:${this.#log.pick(['sales', 'people', 'weather'])}`,
      decisionId: null,
      outcome,
      severity: failed ? this.#log.pick(['minor', 'major', 'critical'] as const) : null,
      startedAt: new Date(this.#log.timeMs - 900).toISOString(),
      durationMs: this.#log.below(5000),
      costMicros: this.#log.below(10_000),
      tokens: { input: this.#log.below(1000), output: this.#log.below(500) },
      error: failed ? { code: 'E_DATA', message: 'column "a\\b" is missing, {see} \u0000' } : null,
    };
    this.#log.write(subjects.facts(tenant, agentId), `facts/${agentId}`, {
      type: 'ExecutionReported',
      data,
    });
  }

  feedback({ tenant, agentId }: Agent, agents: readonly Agent[]): void {
    const rating = this.#log.below(10_001) / 10_000;
    const source = this.#log.pick(['human', 'system', 'peer', 'self'] as const);
    const peers = agents.filter((other) => other.tenant === tenant);
    const rater =
      source === 'peer'
        ? this.#log.pick(peers).agentId
        : source === 'self'
          ? agentId
          : `usr_${this.#log.below(6)}`;
    const severity =
      rating >= 0.5
        ? this.#log.pick(['trivial', 'normal', 'high'] as const)
        : this.#log.pick(['minor', 'major'] as const);
    const data = {
      feedbackId: this.#log.id('fb'),
      agentId,
      executionId: null,
      rating,
      source,
      rater,
      severity,
      comment: this.#log.below(2) === 0 ? null : 'clear, "mostly"; \\ and 🧭',
    };
    this.#log.write(subjects.facts(tenant, agentId), `facts/${agentId}`, {
      type: 'FeedbackGiven',
      data,
    });
  }

  validation({ tenant, agentId }: Agent): void {
    const rejected = this.#log.below(3) === 0;
    const data = {
      validationId: this.#log.id('val'),
      agentId,
      executionId: null,
      decisionId: null,
      action: 'generate_chart',
      outcome: rejected ? ('reject' as const) : ('accept' as const),
      findings: [],
      rulesVersion: null,
      severity: rejected ? ('minor' as const) : null,
    };
    this.#log.write(subjects.validations(tenant, agentId), `validations/${agentId}`, {
      type: 'ResultValidated',
      data,
    });
  }

  clearSuspension({ tenant, agentId }: Agent): void {
    this.#log.write(subjects.suspension(tenant, agentId), `suspension/${agentId}`, {
      type: 'SuspensionCleared',
      data: { agentId, reason: 'the totals are mended' },
    });
  }
}
