/** The trust models of tenants while a batch is folded: which is in force for each fact. */
import type { RecordedEvent } from '@writ/contracts';
import { DEFAULT_TRUST_MODEL, publishedModel, type TrustModel, trustModelName } from '@writ/domain';
import { momentAt } from '../projection/moment.ts';
import { rowSet } from '../projection/row-set.ts';
import {
  tenantTrustModelsTable,
  type TrustModelInForceRow,
  trustModelsInForceTable,
} from './trust-models.ts';

export class ModelsInForce {
  readonly #published = rowSet(tenantTrustModelsTable);
  readonly #inForce = rowSet(trustModelsInForceTable);
  /** Reading a model's tables takes longer than weighing a fact by it. */
  readonly #read = new Map<
    string,
    { readonly row: TrustModelInForceRow; readonly model: TrustModel }
  >();

  get sets() {
    return [this.#published, this.#inForce];
  }

  need(tenant: string): void {
    this.#inForce.need(tenant);
  }

  of(tenant: string): TrustModel {
    const row = this.#inForce.get(tenant);
    if (row === undefined) return DEFAULT_TRUST_MODEL;
    const known = this.#read.get(tenant);
    if (known?.row === row) return known.model;
    const model = publishedModel(tenant, row);
    this.#read.set(tenant, { row, model });
    return model;
  }

  publish({ tenant, data, actor, timeMs, seq }: RecordedEvent<'TrustModelPublished'>): void {
    const { version, model, note } = data;
    const row = { tenant, version, name: trustModelName(tenant, version), model, seq };
    this.#inForce.put(row);
    this.#published.put({
      ...row,
      note,
      published_by: actor.id,
      published_at: momentAt(timeMs),
    });
  }
}
