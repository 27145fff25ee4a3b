/** Folds every fact that trust is made of into the rows of trust, by the same step that governors take. */
import {
  type AgentTrust,
  applyFact,
  applyWeight,
  type EvidenceFact,
  formatNano,
  type FactWeight,
  initialTrust,
  laterOf,
  raterOf,
  type TrustFact,
  trustFactOf,
  trustFromJson,
  type TrustModel,
  trustNumerics,
  trustToJson,
  weighFact,
} from '@writ/domain';
import { momentAt } from '../projection/moment.ts';
import type { Fold, ProjectedEvent, Projection } from '../projection/projection.ts';
import { type RowSet, rowSet } from '../projection/row-set.ts';
import { type TrustFactRow, type TrustRow, trustFactsTable, trustTable } from './trust.ts';
import { ModelsInForce } from './trust-models-fold.ts';
import {
  tenantTrustModelsTable,
  type TrustAdminKeyRow,
  trustAdminKeysTable,
  trustModelsInForceTable,
} from './trust-models.ts';

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
  version: 5,
  source: 'EVENTS',
  kinds: [
    'registry.agent',
    'execution.facts',
    'execution.validations',
    'trust.suspension',
    'trust.model',
    'tenancy.key',
  ],
  tables: [trustTable, trustFactsTable, tenantTrustModelsTable, trustModelsInForceTable]
    .map(({ name }) => name)
    .concat(trustAdminKeysTable.name),
  open: () => new TrustFold(),
};

class TrustFold implements Fold<ProjectedEvent> {
  readonly #rows = rowSet(trustTable);
  readonly #weighed = rowSet(trustFactsTable);
  readonly #adminKeys: RowSet<TrustAdminKeyRow> = rowSet(trustAdminKeysTable);
  readonly #models = new ModelsInForce();
  readonly #held = new Map<string, Held>();

  get sets() {
    return [this.#rows, this.#weighed, this.#adminKeys, ...this.#models.sets];
  }

  need(event: ProjectedEvent): void {
    const { tenant } = event;
    this.#models.need(tenant);
    if ('keyId' in event.data) this.#adminKeys.need(tenant, event.data.keyId);
    const fact = trustFactOf(event, NOTHING_KNOWN);
    if (!fact) return;
    this.#rows.need(tenant, fact.agentId);
    const rater = raterOf(fact);
    if (rater !== undefined) this.#rows.need(tenant, rater);
  }

  apply(event: ProjectedEvent): void {
    const { tenant, seq } = event;
    if (event.type === 'TrustModelPublished') return this.#models.publish(event);
    if (event.type === 'KeyCreated' && event.data.role === 'admin')
      return this.#adminKeys.put({ tenant, key_id: event.data.keyId, seq });
    const fact = trustFactOf(event, {
      ownerOf: (agentId) => this.#hold(tenant, agentId).trust.owner,
      isAdminKey: (keyId) => this.#adminKeys.get(tenant, keyId) !== undefined,
    });
    if (!fact) return;
    const subject = this.#hold(tenant, fact.agentId);
    subject.trust = this.#step(subject, fact, this.#models.of(tenant));
    subject.timeMs = laterOf(subject.timeMs, event.timeMs);
    subject.seq = seq;
    subject.moved = true;
  }

  finish(): void {
    for (const agent of this.#held.values()) if (agent.moved) this.#rows.put(trustRow(agent));
    this.#held.clear();
  }

  #step({ tenant, trust }: Held, fact: TrustFact, model: TrustModel): AgentTrust {
    const raterId = raterOf(fact);
    const rater = raterId === undefined ? undefined : this.#hold(tenant, raterId).trust;
    const parties = { subject: trust, rater };
    if (fact.kind !== 'executionReported' && fact.kind !== 'feedbackGiven')
      return applyFact(parties, fact, model);
    const weight = weighFact(parties, fact, model);
    if (weight.weight > 0n) this.#weighed.put(factRow(tenant, fact, weight));
    return applyWeight(trust, weight, model);
  }

  #hold(tenant: string, agentId: string): Held {
    const key = `${tenant}\n${agentId}`;
    const known = this.#held.get(key) ?? unfold(tenant, agentId, this.#rows.get(tenant, agentId));
    this.#held.set(key, known);
    return known;
  }
}

const NOTHING_KNOWN = { ownerOf: () => null, isAdminKey: () => false };

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
