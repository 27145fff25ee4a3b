/**
 * The world as lines of JSON and back, one line for each aggregate, so that it is written and read piece by piece.
 * What is derived from other parts (a grant's times in milliseconds, an agent's current version) is not written.
 */
import type { TrustModelData } from '@writ/contracts';
import { type AgentState, type Registration } from '../registry/agent.ts';
import type { KeyState } from '../tenancy/key.ts';
import { type AgentTrustJson, trustFromJson, trustToJson } from '../trust/agent-trust.ts';
import { DEFAULT_TRUST_MODEL, type TrustModel } from '../trust/model.ts';
import { ownModelOf, type TenantModelState } from '../trust/tenant-model.ts';
import type { Approval, ApprovalsState } from './approvals.ts';
import { type Grant, GrantBook } from './grant-book.ts';
import { activeGrant, type GrantsState, type GrantTerms, revokedGrant } from './grants.ts';
import { type EngagedSwitch, type KillSwitchState, scopeName } from './kill-switch.ts';
import type { PoliciesState, PublishedPolicies, PublishedSchema } from './policies.ts';
import { type UsesJson, usesFromJson, usesToJson } from './uses.ts';
import { type Budgets, type BudgetsJson, budgetsToJson, fillBudgets } from './budgets.ts';
import { emptyTenant, emptyWorld, openLimits, type Tenant, type World } from './world.ts';
import type { ValidationState } from './validation.ts';

/**
 * Whose snapshots these are, and which way of folding made them. Raise the version with every change of what the fold
 * makes of a log or of how it is written here; older snapshots are then ignored and the log is folded anew.
 */
export const worldFold = { name: 'world', version: 11 } as const;

type AgentLine = Exclude<AgentState, { status: 'unknown' }>['status'];
type KeyLine = Exclude<KeyState, { status: 'unknown' }>;

/** How many agents, holders of grants, of uses, of budgets and of approvals, trusted agents and keys follow. */
type Sizes = readonly [
  agents: number,
  grants: number,
  uses: number,
  budgets: number,
  approvals: number,
  trust: number,
  keys: number,
];

type PoliciesPart = readonly [
  timeMs: number,
  published: readonly PublishedPolicies[],
  active: string | PublishedPolicies | null,
  before: readonly string[],
  schema: PublishedSchema | null,
];

type TrustModelPart = readonly [timeMs: number, version: number, published: TrustModelData | null];
type KillSwitchPart = readonly [timeMs: number, engaged: readonly EngagedSwitch[]];

type Line =
  | readonly ['world', seq: number, timeMs: number, model: string, tenants: number]
  | readonly [
      'tenant',
      id: string,
      sizes: Sizes,
      policies: PoliciesPart,
      killSwitch: KillSwitchPart,
      trustModel: TrustModelPart,
      validation: ValidationState,
    ]
  | readonly ['unknown', kind: 'agent' | 'key', id: string]
  | readonly [
      'agent',
      id: string,
      status: AgentLine,
      timeMs: number,
      versions: readonly Registration[],
      current: string,
      types: readonly string[],
    ]
  | readonly ['grants', agentId: string, timeMs: number, grants: readonly GrantRow[]]
  | readonly ['uses', agentId: string, uses: UsesJson]
  | readonly ['budgets', agentId: string, spent: BudgetsJson]
  | readonly ['approvals', agentId: string, timeMs: number, approvals: readonly Approval[]]
  | readonly ['trust', agentId: string, trust: AgentTrustJson]
  | readonly ['key', id: string, status: KeyLine['status'], timeMs: number, key: KeyLine['key']];

/** A grant without what its place says: the bulk of a world, so it is written without names. */
type GrantRow = readonly [
  revoked: 0 | 1,
  grantId: string,
  actions: readonly string[],
  resources: readonly string[],
  notBefore: string | null,
  expiresAt: string | null,
  conditions: GrantTerms['conditions'],
  delegable: number,
  parent: GrantTerms['parent'],
  reason: string | null,
  issuedBy: string,
];

/** The lines of a world; they are made as they are taken, so the world must not change meanwhile. */
export function* worldToLines(world: World): Generator<string, void> {
  const { seq, timeMs, model, tenants } = world;
  yield text(['world', seq, timeMs, model.version, tenants.size]);
  for (const [id, tenant] of tenants) {
    const { agents, grants, uses, budgets, approvals, trust, keys } = tenant;
    const sizes: Sizes = [
      agents.size,
      grants.size,
      uses.size,
      budgets.size,
      approvals.size,
      trust.size,
      keys.size,
    ];
    const { validation } = tenant;
    yield text(['tenant', id, sizes, ...partsOf(tenant), validation]);
    for (const [agentId, state] of agents) yield text(agentLine(agentId, state));
    for (const [agentId, state] of grants)
      yield text(['grants', agentId, state.timeMs, [...state.grants].map(grantRow)]);
    for (const [agentId, state] of uses) yield text(['uses', agentId, usesToJson(state)]);
    for (const [agentId, held] of budgets) yield text(['budgets', agentId, budgetsToJson(held)]);
    for (const [agentId, state] of approvals) yield text(approvalsLine(agentId, state));
    for (const [agentId, state] of trust) yield text(['trust', agentId, trustToJson(state)]);
    for (const [keyId, state] of keys) yield text(keyLine(keyId, state));
  }
}

function text(line: Line): string {
  return JSON.stringify(line);
}

function policiesPart({ published, active, before, schema, timeMs }: PoliciesState): PoliciesPart {
  const isPublished = active !== null && published.get(active.version) === active;
  const decides = isPublished ? active.version : active;
  return [timeMs, [...published.values()], decides, before, schema];
}

function partsOf({
  policies,
  killSwitch,
  trustModel,
}: Tenant): [PoliciesPart, KillSwitchPart, TrustModelPart] {
  const { timeMs, version, published } = trustModel;
  return [policiesPart(policies), killSwitchPart(killSwitch), [timeMs, version, published ?? null]];
}

function killSwitchPart({ engaged, timeMs }: KillSwitchState): KillSwitchPart {
  return [timeMs, [...engaged.values()]];
}

/** What is written of a state are these fields; the build breaks where it got one more. */
type Written<State, Fields extends keyof State> = [Exclude<keyof State, Fields>] extends [never]
  ? State
  : never;

function agentLine(id: string, state: AgentState): Line {
  if (state.status === 'unknown') return ['unknown', 'agent', id];
  const {
    status,
    timeMs,
    versions,
    current,
    types,
  }: Written<typeof state, 'status' | 'timeMs' | 'versions' | 'current' | 'types'> = state;
  return ['agent', id, status, timeMs, [...versions.values()], current.version, types];
}

function approvalsLine(agentId: string, { approvals, timeMs }: ApprovalsState): Line {
  return ['approvals', agentId, timeMs, [...approvals.values()]];
}

function keyLine(id: string, state: KeyState): Line {
  if (state.status === 'unknown') return ['unknown', 'key', id];
  const { status, timeMs, key }: Written<typeof state, 'status' | 'timeMs' | 'key'> = state;
  return ['key', id, status, timeMs, key];
}

type GrantFields =
  | 'grantId'
  | 'agentId'
  | 'actions'
  | 'resources'
  | 'notBefore'
  | 'expiresAt'
  | 'conditions'
  | 'delegable'
  | 'parent'
  | 'reason'
  | 'issuedBy'
  | 'status'
  | 'fromMs'
  | 'untilMs';

function grantRow(grant: Written<Grant, GrantFields>): GrantRow {
  return [
    grant.status === 'revoked' ? 1 : 0,
    grant.grantId,
    grant.actions,
    grant.resources,
    grant.notBefore,
    grant.expiresAt,
    grant.conditions,
    grant.delegable,
    grant.parent,
    grant.reason,
    grant.issuedBy,
  ];
}

/** The world that lines were made from; throws `RangeError` where they are not a whole world of this model. */
export function worldFromLines(
  lines: Iterable<string>,
  model: TrustModel = DEFAULT_TRUST_MODEL,
): World {
  const reader = new WorldReader(model);
  for (const line of lines) reader.add(JSON.parse(line) as Line);
  return reader.end();
}

class WorldReader {
  readonly #world: World;
  #tenants = -1;
  #tenant: Tenant | undefined;
  #budgets = 0;
  #sizes: Sizes = [0, 0, 0, 0, 0, 0, 0];

  constructor(model: TrustModel) {
    this.#world = emptyWorld(model);
  }

  add(line: Line): void {
    if (line[0] === 'world') return this.#begin(line);
    if (line[0] === 'tenant') return this.#open(line);
    const tenant = this.#tenant;
    if (tenant === undefined) throw new RangeError(`\`${line[0]}\` is not in a tenant`);
    switch (line[0]) {
      case 'unknown': {
        const states: Map<string, { status: 'unknown' } | AgentState | KeyState> =
          line[1] === 'agent' ? tenant.agents : tenant.keys;
        states.set(line[2], { status: 'unknown' });
        return;
      }
      case 'agent':
        tenant.agents.set(
          line[1],
          agentOf(line[2], line[3], { versions: line[4], current: line[5], types: line[6] }),
        );
        return;
      case 'grants':
        addGrants(tenant, line[1], this.#grantsOf(line[1], line[2], line[3]));
        return;
      case 'uses': {
        const held = tenant.grants.get(line[1])?.grants;
        const conditionsOf = (grantId: string) => held?.get(grantId)?.conditions;
        tenant.uses.set(line[1], usesFromJson(line[2], conditionsOf));
        return;
      }
      case 'budgets':
        this.#fill(tenant.budgets, line[1], line[2]);
        return;
      case 'approvals':
        tenant.approvals.set(line[1], approvalsOf(line[2], line[3]));
        return;
      case 'trust':
        tenant.trust.set(line[1], trustFromJson(line[2]));
        return;
      case 'key':
        tenant.keys.set(line[1], { status: line[2], timeMs: line[3], key: line[4] });
        return;
    }
    throw new RangeError(`there is no line \`${String(line satisfies never)}\``);
  }

  end(): World {
    this.#close();
    if (this.#world.tenants.size !== this.#tenants)
      throw new RangeError(`${this.#world.tenants.size} of ${this.#tenants} tenants came`);
    return this.#world;
  }

  /** The grants opened them in their own order; what was spent comes in the order that they were first given in. */
  #fill(budgets: Budgets, agentId: string, spent: BudgetsJson): void {
    const held = budgets.get(agentId);
    if (held === undefined) throw new RangeError(`\`${agentId}\` has no grant with a budget`);
    fillBudgets(held, spent);
    budgets.delete(agentId);
    budgets.set(agentId, held);
    this.#budgets += 1;
  }

  #grantsOf(agentId: string, timeMs: number, rows: readonly GrantRow[]): GrantsState {
    const grants = new GrantBook();
    for (const row of rows) {
      const grant = activeGrant(this.#world.sharedTerms.of(termsOf(agentId, row), agentId));
      grants.put(row[0] === 1 ? revokedGrant(grant) : grant);
    }
    return { grants, timeMs };
  }

  #begin([, seq, timeMs, model, tenants]: Extract<Line, readonly ['world', ...unknown[]]>): void {
    const { version } = this.#world.model;
    if (model !== version)
      throw new RangeError(`trust was folded by the model \`${model}\`, not by \`${version}\``);
    this.#world.seq = seq;
    this.#world.timeMs = timeMs;
    this.#tenants = tenants;
  }

  #open([, id, sizes, policies, killSwitch, trustModel, validation]: Extract<
    Line,
    readonly ['tenant', ...unknown[]]
  >): void {
    this.#close();
    this.#tenant = emptyTenant();
    this.#tenant.policies = policiesOf(policies);
    this.#tenant.killSwitch = killSwitchOf(killSwitch);
    this.#tenant.validation = validation;
    this.#tenant.trustModel = trustModelOf(trustModel);
    this.#tenant.ownModel = ownModelOf(id, this.#tenant.trustModel);
    this.#sizes = sizes;
    this.#budgets = 0;
    this.#world.tenants.set(id, this.#tenant);
  }

  /** What came of a tenant is what was announced. */
  #close(): void {
    if (this.#tenant === undefined) return;
    const { agents, grants, uses, approvals, trust, keys } = this.#tenant;
    // The budgets themselves came with the grants; what counts is that each was filled.
    const came = [
      agents.size,
      grants.size,
      uses.size,
      this.#budgets,
      approvals.size,
      trust.size,
      keys.size,
    ];
    if (came.some((size, index) => size !== this.#sizes[index]))
      throw new RangeError(`a tenant has ${came.join()} of ${this.#sizes.join()} parts`);
  }
}

function policiesOf([timeMs, published, active, before, schema]: PoliciesPart): PoliciesState {
  const byVersion = new Map(published.map((one) => [one.version, one]));
  const decides = typeof active === 'string' ? known(byVersion, active) : active;
  return { published: byVersion, active: decides, before, schema, timeMs };
}

function trustModelOf([timeMs, version, published]: TrustModelPart): TenantModelState {
  return { timeMs, version, published: published ?? undefined };
}

function killSwitchOf([timeMs, switches]: KillSwitchPart): KillSwitchState {
  return { timeMs, engaged: new Map(switches.map((one) => [scopeName(one.scope), one])) };
}

type Registered = {
  readonly versions: readonly Registration[];
  readonly current: string;
  readonly types: readonly string[];
};

function agentOf(
  status: AgentLine,
  timeMs: number,
  { versions, current, types }: Registered,
): AgentState {
  const byVersion = new Map(versions.map((one) => [one.version, one]));
  return { status, timeMs, versions: byVersion, current: known(byVersion, current), types };
}

function known<T>(byVersion: ReadonlyMap<string, T>, version: string): T {
  const found = byVersion.get(version);
  if (found === undefined) throw new RangeError(`version \`${version}\` is missing`);
  return found;
}

function approvalsOf(timeMs: number, rows: readonly Approval[]): ApprovalsState {
  return { approvals: new Map(rows.map((row) => [row.approvalId, row])), timeMs };
}

function addGrants(tenant: Tenant, agentId: string, state: GrantsState): void {
  tenant.grants.set(agentId, state);
  for (const grant of state.grants) openLimits(tenant, grant);
}

function termsOf(agentId: string, row: GrantRow): GrantTerms {
  const [, grantId, actions, resources, notBefore, expiresAt, ...more] = row;
  const [conditions, delegable, parent, reason, issuedBy] = more;
  return {
    grantId,
    agentId,
    actions: actions as string[],
    resources: resources as string[],
    notBefore,
    expiresAt,
    conditions,
    delegable,
    parent,
    reason,
    issuedBy,
  };
}
