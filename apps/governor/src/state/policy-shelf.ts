import { emptyTenant, type PublishedPolicies, type World } from '@writ/domain';
import type { CedarEngine, CompiledPolicies } from '@writ/policy';

const NO_POLICIES = { digest: 'sha256:none', policies: {} } as const;

type Shelved = { readonly active: PublishedPolicies | null; readonly compiled: CompiledPolicies };

/** The active policies of each tenant, parsed: again only when others became active. */
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
    const { active } = (this.#world.tenants.get(tenantId) ?? NOBODY).policies;
    if (active === null) return this.#none;
    const known = this.#shelf.get(tenantId);
    if (known?.active === active) return known.compiled;
    const compiled = this.#engine.compile(`live/${tenantId}`, active);
    this.#shelf.set(tenantId, { active, compiled });
    return compiled;
  }

  /** Parses what became active, so that no question waits for it. */
  warm(): void {
    for (const tenantId of this.#world.tenants.keys()) this.policiesOf(tenantId);
  }
}

const NOBODY = emptyTenant();
