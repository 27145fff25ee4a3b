/** Trust models: those that a tenant published, and the one in force. */
import type { TrustModelsQuery, TrustModelView } from '@writ/contracts';
import { DEFAULT_TRUST_MODEL, publishedModel, type TrustModel } from '@writ/domain';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import type { Store } from '../store.ts';
import type { TenantTrustModelRow } from './trust-models.ts';

/** The model by which trust of a tenant is read now. */
export async function trustModelInForce({ db }: Store, tenant: string): Promise<TrustModel> {
  const row = await db
    .selectFrom('trust_models_in_force')
    .selectAll()
    .where('tenant', '=', tenant)
    .executeTakeFirst();
  return row ? publishedModel(tenant, row) : DEFAULT_TRUST_MODEL;
}

/** Lists the models that a tenant published, the newest, which is in force, first. */
export function listTrustModels(
  store: Store,
  scope: Scope,
  query: TrustModelsQuery,
): Promise<Page<TrustModelView>> {
  return readPage({
    list: 'trust-models',
    scope,
    query,
    fetch(limit, after) {
      let select = store.db
        .selectFrom('tenant_trust_models')
        .selectAll()
        .select((eb) =>
          eb
            .exists(
              eb
                .selectFrom('trust_models_in_force')
                .select('trust_models_in_force.tenant')
                .whereRef('trust_models_in_force.tenant', '=', 'tenant_trust_models.tenant')
                .whereRef('trust_models_in_force.version', '=', 'tenant_trust_models.version'),
            )
            .as('in_force'),
        )
        .where('tenant', '=', scope.tenant)
        .orderBy('seq', 'desc')
        .limit(limit);
      if (after) select = select.where('seq', '<', after.seq);
      return select.execute();
    },
    placeOf: (row) => ({ seq: row.seq, ordinal: 0 }),
    view: trustModelView,
  });
}

function trustModelView(row: TenantTrustModelRow & { readonly in_force: unknown }): TrustModelView {
  return {
    name: row.name,
    version: row.version,
    inForce: row.in_force === true,
    model: row.model,
    note: row.note,
    publishedBy: row.published_by,
    publishedAt: row.published_at,
    seq: row.seq,
  };
}
