/** Turns published rules and judged results into rows; the first of an id stands. */
import { momentAt } from '../projection/moment.ts';
import type { ProjectedEvent, Projection } from '../projection/projection.ts';
import { rowSet } from '../projection/row-set.ts';
import { factKey, givenUnder, givingOf } from './fact-key.ts';
import {
  type ValidationRow,
  type ValidationRulesRow,
  validationRulesTable,
  validationsTable,
} from './validations.ts';

export const validationsProjection: Projection<ProjectedEvent> = {
  name: 'validations',
  version: 1,
  source: 'EVENTS',
  kinds: ['authority.validation', 'execution.validations'],
  tables: [validationRulesTable.name, validationsTable.name],
  open() {
    const rules = rowSet(validationRulesTable);
    const results = rowSet(validationsTable);
    return {
      sets: [rules, results],
      need() {},
      apply(event) {
        if (event.type === 'ValidationPublished') rules.put(rulesRow(event));
        if (event.type === 'ResultValidated') results.put(resultRow(event));
      },
    };
  },
};

function rulesRow({
  tenant,
  data,
  actor,
  timeMs,
  seq,
}: Extract<ProjectedEvent, { type: 'ValidationPublished' }>): ValidationRulesRow {
  return { tenant, ...data, published_by: actor.id, published_at: momentAt(timeMs), seq };
}

function resultRow(event: Extract<ProjectedEvent, { type: 'ResultValidated' }>): ValidationRow {
  const { data, tenant } = event;
  return {
    fact_key: factKey(tenant, data.agentId, data.validationId),
    tenant,
    agent_id: data.agentId,
    validation_id: data.validationId,
    execution_id: data.executionId,
    decision_id: data.decisionId,
    action: data.action,
    outcome: data.outcome,
    findings: data.findings,
    rules_version: data.rulesVersion,
    severity: data.severity,
    asked_by: event.actor.id,
    validated_at: momentAt(event.timeMs),
    event_id: event.id,
    fingerprint: event.fingerprint,
    given_under: givenUnder(givingOf(data.agentId, event)),
    seq: event.seq,
  };
}
