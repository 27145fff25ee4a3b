/** Lists of agents, and one agent with its versions. */
import type { AgentDetailView, AgentsQuery, AgentVersionView, AgentView } from '@writ/contracts';
import { WritError } from '@writ/contracts';
import {
  type AgentTrustJson,
  initialTrust,
  minuteOf,
  readTrust,
  trustFromJson,
  type TrustModel,
} from '@writ/domain';
import { type SelectQueryBuilder, sql } from 'kysely';
import { satisfies, validRange } from 'semver';
import type { Database } from '../database.ts';
import { containing } from '../queries/conditions.ts';
import { type Page, readPage, type Scope } from '../queries/page.ts';
import { reading, type Store } from '../store.ts';
import { trustModelInForce } from '../trust/trust-model-queries.ts';
import type { AgentRow, AgentVersionRow } from './agents.ts';

/** An agent and what is known of its trust; null where the projection of trust is not that far yet. */
type TrustedAgentRow = AgentRow & { readonly state: AgentTrustJson | null };
type AgentSelect = SelectQueryBuilder<Database, 'agents', TrustedAgentRow>;

/** Lists agents, those that registered last first. */
export async function listAgents(
  store: Store,
  scope: Scope,
  query: AgentsQuery,
): Promise<Page<AgentView>> {
  const versions =
    query.version === undefined ? undefined : await versionsIn(store, scope, query.version);
  const score = await scoring(store, scope);
  return await readPage({
    list: 'agents',
    scope,
    query,
    fetch(limit, after) {
      let select = filtered(withTrust(store, scope), query)
        .orderBy('agents.created_seq', 'desc')
        .limit(limit);
      if (after) select = select.where('agents.created_seq', '<', after.seq);
      if (versions) select = select.where(hasVersionOf(versions));
      if (query.minTrust !== undefined)
        select = select.where(scoresAtLeast(query.minTrust, score, scope.nowMs));
      return select.execute();
    },
    placeOf: (row) => ({ seq: row.created_seq, ordinal: 0 }),
    view: (row) => agentView(row, score),
  });
}

/** One agent with all its versions; `undefined` when it never registered. */
export async function getAgent(
  store: Store,
  scope: Scope,
  agentId: string,
): Promise<AgentDetailView | undefined> {
  const [row, versions, score] = await reading(() =>
    Promise.all([
      withTrust(store, scope).where('agents.agent_id', '=', agentId).executeTakeFirst(),
      store.db
        .selectFrom('agent_versions')
        .selectAll()
        .where('tenant', '=', scope.tenant)
        .where('agent_id', '=', agentId)
        .orderBy('seq', 'desc')
        .execute(),
      scoring(store, scope),
    ]),
  );
  return row && { ...agentView(row, score), versions: versions.map(versionView) };
}

function withTrust({ db }: Store, { tenant }: Scope): AgentSelect {
  return db
    .selectFrom('agents')
    .selectAll('agents')
    .select((eb) =>
      eb
        .selectFrom('trust')
        .select('trust.state')
        .whereRef('trust.tenant', '=', 'agents.tenant')
        .whereRef('trust.agent_id', '=', 'agents.agent_id')
        .as('state'),
    )
    .where('agents.tenant', '=', tenant);
}

function filtered(select: AgentSelect, query: AgentsQuery): AgentSelect {
  let found = select;
  if (query.type !== undefined) found = found.where('agents.type', '=', query.type);
  if (query.status !== undefined) found = found.where('agents.status', '=', query.status);
  if (query.owner !== undefined) found = found.where('agents.owner', '=', query.owner);
  if (query.capability !== undefined)
    found = found.where(sql<boolean>`agents.capabilities @> ${query.capability}::text[]`);
  for (const label of query.label ?? []) found = found.where(labelled(label));
  if (query.q !== undefined) {
    const wanted = containing(query.q);
    found = found.where((eb) =>
      eb.or([eb('agents.agent_id', 'ilike', wanted), eb('agents.name', 'ilike', wanted)]),
    );
  }
  return found;
}

function labelled(label: string) {
  const equals = label.indexOf('=');
  return equals < 0
    ? sql<boolean>`agents.labels ? ${label}`
    : sql<boolean>`agents.labels ->> ${label.slice(0, equals)} = ${label.slice(equals + 1)}`;
}

function scoresAtLeast(least: number, { model, of }: Scoring, nowMs: number) {
  return sql<boolean>`coalesce(
    (select trust_score(t.r, t.s, t.minute, ${minuteOf(nowMs)}, t.identity, ${model.version}) from trust t
     where t.tenant = agents.tenant and t.agent_id = agents.agent_id),
    ${of(null)}) >= ${least}`;
}

/** The registered versions within a range; few enough to be compared one by one. */
async function versionsIn(store: Store, { tenant }: Scope, range: string): Promise<string[]> {
  if (validRange(range) === null)
    throw new WritError(
      'QUERY_INVALID',
      `\`version\` is not a range of semantic versions: \`${range}\`; write it like \`>=2.0.0\``,
      {
        details: [
          { path: 'version', message: 'must be a range of semantic versions, e.g. `>=2.0.0`' },
        ],
      },
    );
  const rows = await reading(() =>
    store.db
      .selectFrom('agent_versions')
      .select('version')
      .distinct()
      .where('tenant', '=', tenant)
      .execute(),
  );
  return rows.map((row) => row.version).filter((version) => satisfies(version, range));
}

function hasVersionOf(versions: readonly string[]) {
  return sql<boolean>`exists (select from agent_versions v where v.tenant = agents.tenant
    and v.agent_id = agents.agent_id and v.version = any(${versions}::text[]))`;
}

function agentView(row: TrustedAgentRow, { of }: Scoring): AgentView {
  return {
    agentId: row.agent_id,
    status: row.status,
    latched: row.state !== null && row.state.latchedBy !== null,
    trust: of(row.state),
    ...registrationView(row),
    updatedAt: row.updated_at,
    seq: row.seq,
  };
}

/** The model of a tenant, and scores by it now. */
type Scoring = { readonly model: TrustModel; of(state: AgentTrustJson | null): number };

async function scoring(store: Store, { tenant, nowMs }: Scope): Promise<Scoring> {
  const model = await reading(() => trustModelInForce(store, tenant));
  return {
    model,
    of(state) {
      const trust = state === null ? initialTrust() : trustFromJson(state);
      return readTrust(trust, minuteOf(nowMs), model).score;
    },
  };
}

function versionView(row: AgentVersionRow): AgentVersionView {
  return { ...registrationView(row), seq: row.seq };
}

function registrationView(row: AgentRow | AgentVersionRow) {
  const { version, name, type, capabilities, runtime, owner, labels } = row;
  return {
    version,
    name,
    type,
    capabilities,
    runtime,
    owner,
    labels,
    registeredBy: row.registered_by,
    registeredAt: row.registered_at,
  };
}
