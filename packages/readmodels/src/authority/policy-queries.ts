/** Lists of published policies, and one version with its texts. */
import type {
  PoliciesQuery,
  PolicySchemaView,
  PolicyVersionDetailView,
  PolicyVersionView,
} from '@writ/contracts';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import { reading, type Store } from '../store.ts';
import type { PolicyVersionRow } from './policies.ts';

/** Lists the versions of a tenant's policies, the newest first. */
export function listPolicyVersions(
  store: Store,
  scope: Scope,
  query: PoliciesQuery,
): Promise<Page<PolicyVersionView>> {
  return readPage({
    list: 'policies',
    scope,
    query,
    fetch(limit, after) {
      let select = versionsOf(store, scope).orderBy('created_seq', 'desc').limit(limit);
      if (after) select = select.where('created_seq', '<', after.seq);
      return select.execute();
    },
    placeOf: (row) => ({ seq: row.created_seq, ordinal: 0 }),
    view: policyVersionView,
  });
}

/** One version with the text of its policies; `undefined` when it was not published. */
export async function getPolicyVersion(
  store: Store,
  scope: Scope,
  version: string,
): Promise<PolicyVersionDetailView | undefined> {
  const row = await reading(() =>
    versionsOf(store, scope).where('version', '=', version).executeTakeFirst(),
  );
  return row && { ...policyVersionView(row), policies: row.policies };
}

/** The schema in force; `undefined` where none was ever published. */
export async function getPolicySchema(
  { db }: Store,
  { tenant }: Scope,
): Promise<PolicySchemaView | undefined> {
  const row = await reading(() =>
    db
      .selectFrom('policy_schemas')
      .selectAll()
      .where('tenant', '=', tenant)
      .orderBy('seq', 'desc')
      .executeTakeFirst(),
  );
  return (
    row && {
      version: row.version,
      engine: row.engine,
      schema: row.schema,
      digest: row.digest,
      note: row.note,
      publishedBy: row.published_by,
      publishedAt: row.published_at,
      seq: row.seq,
    }
  );
}

function versionsOf({ db }: Store, { tenant }: Scope) {
  return db.selectFrom('policy_versions').selectAll().where('tenant', '=', tenant);
}

function policyVersionView(row: PolicyVersionRow): PolicyVersionView {
  return {
    version: row.version,
    engine: row.engine,
    digest: row.digest,
    active: row.active,
    policyIds: Object.keys(row.policies).sort(),
    note: row.note,
    publishedBy: row.published_by,
    publishedAt: row.published_at,
    activated:
      row.activated_at === null ? null : { by: row.activated_by ?? '', at: row.activated_at },
    seq: row.seq,
  };
}
