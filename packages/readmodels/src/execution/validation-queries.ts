/** Lists of judged results, and of the rules they are held against. */
import type {
  ValidationRulesQuery,
  ValidationRulesView,
  ValidationsQuery,
  ValidationView,
} from '@writ/contracts';
import type { SelectQueryBuilder } from 'kysely';
import type { Database } from '../database.ts';
import { instant } from '../queries/conditions.ts';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import type { Store } from '../store.ts';
import type { ValidationRow } from './validations.ts';

type ValidationSelect = SelectQueryBuilder<Database, 'validations', ValidationRow>;

/** Lists judged results, the newest first. */
export function listValidations(
  { db }: Store,
  scope: Scope,
  query: ValidationsQuery,
): Promise<Page<ValidationView>> {
  return readPage({
    list: 'validations',
    scope,
    query,
    fetch(limit, after) {
      const all = db.selectFrom('validations').selectAll().where('tenant', '=', scope.tenant);
      let select = filtered(all, query).orderBy('seq', 'desc').limit(limit);
      if (after) select = select.where('seq', '<', after.seq);
      return select.execute();
    },
    placeOf: (row) => ({ seq: row.seq, ordinal: 0 }),
    view: (row) => ({
      validationId: row.validation_id,
      agentId: row.agent_id,
      action: row.action,
      executionId: row.execution_id,
      decisionId: row.decision_id,
      outcome: row.outcome,
      findings: row.findings,
      rulesVersion: row.rules_version,
      severity: row.severity,
      askedBy: row.asked_by,
      validatedAt: row.validated_at,
      seq: row.seq,
    }),
  });
}

function filtered(select: ValidationSelect, query: ValidationsQuery): ValidationSelect {
  let found = select;
  if (query.agentId !== undefined) found = found.where('agent_id', '=', query.agentId);
  if (query.action !== undefined) found = found.where('action', '=', query.action);
  if (query.outcome !== undefined) found = found.where('outcome', '=', query.outcome);
  if (query.since !== undefined) found = found.where('validated_at', '>=', instant(query.since));
  if (query.until !== undefined) found = found.where('validated_at', '<', instant(query.until));
  return found;
}

/** Lists the published versions of the rules, the newest first; the first of all holds. */
export function listValidationRules(
  { db }: Store,
  scope: Scope,
  query: ValidationRulesQuery,
): Promise<Page<ValidationRulesView>> {
  return readPage({
    list: 'validation-rules',
    scope,
    query,
    fetch(limit, after) {
      let select = db.selectFrom('validation_rules').selectAll().where('tenant', '=', scope.tenant);
      if (after) select = select.where('seq', '<', after.seq);
      return select.orderBy('seq', 'desc').limit(limit).execute();
    },
    placeOf: (row) => ({ seq: row.seq, ordinal: 0 }),
    view: (row) => ({
      version: row.version,
      rules: row.rules,
      note: row.note,
      publishedBy: row.published_by,
      publishedAt: row.published_at,
      seq: row.seq,
    }),
  });
}
