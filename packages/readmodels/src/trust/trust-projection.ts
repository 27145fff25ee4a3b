/** Folds every fact that trust is made of into the rows of trust, by the same step that governors take. */
import {
  type AgentTrust,
  applyFact,
  applyWeight,
  DEFAULT_TRUST_MODEL,
  type EvidenceFact,
  formatNano,
  type FactWeight,
  initialTrust,
  laterOf,
  raterOf,
  trustFactOf,
  trustFromJson,
  trustNumerics,
  trustToJson,
  weighFact,
} from '@writ/domain';
import { momentAt } from '../projection/moment.ts';
import type { Fold, ProjectedEvent, Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import { type TrustFactRow, type TrustRow, trustFactsTable, trustTable } from './trust.ts';

const model = DEFAULT_TRUST_MODEL;

/** An agent's trust within a batch; written as a row once, at the end. */
type Held = {
  readonly tenant: string;
  readonly agentId: string;
  trust: AgentTrust;
  timeMs: number;
  seq: number;
  /** False for an agent that was only looked at. */
  moved: boolean;
};

export const trustProjection: Projection<ProjectedEvent> = {
  name: 'trust',
  version: 2,
  source: 'EVENTS',
  kinds: ['registry.agent', 'execution.facts', 'execution.validations', 'trust.suspension'],
  tables: [trustTable.name, trustFactsTable.name],
  open: openTrustFold,
};

function openTrustFold(): Fold<ProjectedEvent> {
  const rows = rowSet(trustTable);
  const weighed = rowSet(trustFactsTable);
  const held = new Map<string, Held>();
  const holdOf = (tenant: string, agentId: string): Held => {
    const key = `${tenant}\n${agentId}`;
    const known = held.get(key) ?? unfold(tenant, agentId, rows.get(tenant, agentId));
    held.set(key, known);
    return known;
  };
  return {
    sets: [rows, weighed],
    need(event) {
      const fact = trustFactOf(event, () => null);
      if (!fact) return;
      rows.need(event.tenant, fact.agentId);
      const rater = raterOf(fact);
      if (rater !== undefined) rows.need(event.tenant, rater);
    },
    apply(event) {
      const { tenant } = event;
      const fact = trustFactOf(event, (agentId) => holdOf(tenant, agentId).trust.owner);
      if (!fact) return;
      const subject = holdOf(tenant, fact.agentId);
      const raterId = raterOf(fact);
      const parties = {
        subject: subject.trust,
        rater: raterId === undefined ? undefined : holdOf(tenant, raterId).trust,
      };
      if (fact.kind === 'executionReported' || fact.kind === 'feedbackGiven') {
        const weight = weighFact(parties, fact, model);
        if (weight.weight > 0n) weighed.put(factRow(tenant, fact, weight));
        subject.trust = applyWeight(subject.trust, weight, model);
      } else subject.trust = applyFact(parties, fact, model);
      subject.timeMs = laterOf(subject.timeMs, event.timeMs);
      subject.seq = event.seq;
      subject.moved = true;
    },
    finish() {
      for (const agent of held.values()) if (agent.moved) rows.put(trustRow(agent));
      held.clear();
    },
  };
}

function unfold(tenant: string, agentId: string, row: TrustRow | undefined): Held {
  if (!row) return { tenant, agentId, trust: initialTrust(), timeMs: 0, seq: 0, moved: false };
  return {
    tenant,
    agentId,
    trust: trustFromJson(row.state),
    timeMs: Date.parse(row.updated_at),
    seq: row.seq,
    moved: false,
  };
}

function trustRow({ tenant, agentId, trust, timeMs, seq }: Held): TrustRow {
  return {
    tenant,
    agent_id: agentId,
    ...trustNumerics(trust),
    minute: trust.minute,
    identity: trust.identity,
    owner: trust.owner,
    latched_by: trust.latchedBy,
    fact_count: trust.factCount,
    state: trustToJson(trust),
    updated_at: momentAt(timeMs),
    seq,
  };
}

function factRow(tenant: string, fact: EvidenceFact, weight: FactWeight): TrustFactRow {
  return {
    tenant,
    agent_id: fact.agentId,
    seq: weight.seq,
    kind: fact.kind,
    minute: weight.minute,
    weight: formatNano(weight.weight),
    r: formatNano(weight.r),
    s: formatNano(weight.s),
    limited_by: weight.limitedBy,
    latches: weight.latches,
  };
}
