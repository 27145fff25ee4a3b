/** Lists of feedback. */
import type { FeedbackQuery, FeedbackView } from '@writ/contracts';
import type { SelectQueryBuilder } from 'kysely';
import type { Database } from '../database.ts';
import { instant } from '../queries/conditions.ts';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import type { Store } from '../store.ts';
import type { FeedbackRow } from './feedback.ts';

type FeedbackSelect = SelectQueryBuilder<Database, 'feedback', FeedbackRow>;

/** Lists feedback, the newest first. */
export function listFeedback(
  store: Store,
  scope: Scope,
  query: FeedbackQuery,
): Promise<Page<FeedbackView>> {
  return readPage({
    list: 'feedback',
    scope,
    query,
    fetch(limit, after) {
      const all = store.db.selectFrom('feedback').selectAll().where('tenant', '=', scope.tenant);
      let select = filtered(all, query).orderBy('seq', 'desc').limit(limit);
      if (after) select = select.where('seq', '<', after.seq);
      return select.execute();
    },
    placeOf: (row) => ({ seq: row.seq, ordinal: 0 }),
    view: feedbackView,
  });
}

function filtered(select: FeedbackSelect, query: FeedbackQuery): FeedbackSelect {
  let found = select;
  if (query.agentId !== undefined) found = found.where('agent_id', '=', query.agentId);
  if (query.source !== undefined) found = found.where('source', '=', query.source);
  if (query.rater !== undefined) found = found.where('rater', '=', query.rater);
  if (query.since !== undefined) found = found.where('given_at', '>=', instant(query.since));
  if (query.until !== undefined) found = found.where('given_at', '<', instant(query.until));
  return found;
}

function feedbackView(row: FeedbackRow): FeedbackView {
  return {
    feedbackId: row.feedback_id,
    agentId: row.agent_id,
    executionId: row.execution_id,
    rating: row.rating,
    source: row.source,
    rater: row.rater,
    severity: row.severity,
    comment: row.comment,
    givenBy: row.given_by,
    givenAt: row.given_at,
    seq: row.seq,
  };
}
