/** Long runs of plausible events, the same for the same seed: lives of agents as commanders would have written them. */
import type { StoredEvent } from '@writ/bus';
import { AgentApprovals } from './agent-approvals.ts';
import { AgentFacts } from './agent-facts.ts';
import { AgentGrants } from './agent-grants.ts';
import { AgentLives } from './agent-lives.ts';
import { type PlannedEvent, RunLog } from './run-log.ts';
import { TenantKeys } from './tenant-keys.ts';
import { TenantRules } from './tenant-rules.ts';

export type { PlannedEvent };

export type EventRunOptions = {
  readonly count: number;
  readonly seed?: number;
  readonly agents?: number;
  readonly tenants?: readonly string[];
  readonly startMs?: number;
};

const START_MS = Date.UTC(2027, 0, 4, 9);

/** Makes the events, in the order they are to be stored. Every agent registers before anything else happens to it. */
export function eventRun({
  count,
  seed = 1,
  agents = 20,
  tenants = ['default', 'acme'],
  startMs = START_MS,
}: EventRunOptions): PlannedEvent[] {
  const log = new RunLog(seed, startMs);
  const lives = new AgentLives(log, tenants);
  for (let i = 0; i < agents; i++) lives.register(i);
  const step = stepsOf(log, lives);
  while (log.planned.length < count) step();
  return log.planned.slice(0, count);
}

/** One more thing that happens to one of the agents or its tenant. */
function stepsOf(log: RunLog, lives: AgentLives): () => void {
  const facts = new AgentFacts(log);
  const grants = new AgentGrants(log);
  const approvals = new AgentApprovals(log);
  const rules = new TenantRules(log);
  const keys = new TenantKeys(log);
  return () => {
    const agent = log.pick(lives.agents);
    const kind = log.below(100);
    if (kind < 25) facts.start(agent);
    else if (kind < 63) facts.report(agent);
    else if (kind < 65) grants.use();
    else if (kind < 79) facts.feedback(agent, lives.agents);
    else if (kind < 80) facts.clearSuspension(agent);
    else if (kind < 82) facts.validation(agent);
    else if (kind < 88) grants.grant(agent);
    else if (kind < 90) approvals.goOn(agent);
    else if (kind < 93) grants.revoke();
    else if (kind < 96) lives.change();
    else if (kind < 98) rules.change(agent.tenant);
    else if (kind < 99) keys.change(agent.tenant);
    else rules.killSwitch(agent);
  };
}

/** The same run as the log would return it, beginning at a sequence. */
export function storedRun(planned: readonly PlannedEvent[], fromSeq = 1): StoredEvent[] {
  return planned.map(({ subject, event }, i) => {
    const { aggregate: _, traceparent: __, ...rest } = event;
    return {
      ...rest,
      seq: fromSeq + i,
      subject,
      correlationId: event.correlationId ?? null,
      causationId: event.causationId ?? null,
      idempotencyKey: event.idempotencyKey ?? null,
      fingerprint: event.fingerprint ?? null,
    };
  });
}
