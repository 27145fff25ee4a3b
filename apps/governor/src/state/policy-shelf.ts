import {
  emptyTenant,
  type PublishedPolicies,
  type PublishedSchema,
  type World,
} from '@writ/domain';
import type { CedarEngine, CompiledPolicies } from '@writ/policy';

const NO_POLICIES = { digest: 'sha256:none', policies: {} } as const;

type Shelved = {
  readonly active: PublishedPolicies | null;
  readonly schema: PublishedSchema | null;
  readonly compiled: CompiledPolicies;
};

/** The active policies of each tenant under its schema, parsed: again only when one of them changed. */
export class PolicyShelf {
  readonly #engine: CedarEngine;
  readonly #world: World;
  readonly #shelf = new Map<string, Shelved>();
  readonly #none: CompiledPolicies;

  constructor(engine: CedarEngine, world: World) {
    this.#engine = engine;
    this.#world = world;
    this.#none = engine.compile('none', NO_POLICIES);
  }

  policiesOf(tenantId: string): CompiledPolicies {
    const { active, schema } = (this.#world.tenants.get(tenantId) ?? NOBODY).policies;
    if (active === null && schema === null) return this.#none;
    const known = this.#shelf.get(tenantId);
    if (known?.active === active && known.schema === schema) return known.compiled;
    const set = { ...(active ?? NO_POLICIES), schema: schema?.schema ?? null };
    const compiled = this.#engine.compile(`live/${tenantId}`, set);
    this.#shelf.set(tenantId, { active, schema, compiled });
    return compiled;
  }

  /** Parses what became active, so that no question waits for it. */
  warm(): void {
    for (const tenantId of this.#world.tenants.keys()) this.policiesOf(tenantId);
  }
}

const NOBODY = emptyTenant();
