/** Routes that read: a page of a list, one thing by its id, a list of what concerns one agent. */
import { agentId, type ErrorCode, WritError } from '@writ/contracts';
import { getAgent, type Page, type Scope, type Store } from '@writ/readmodels';
import { z } from 'zod';
import type { ApiDependencies } from '../dependencies.ts';
import { none } from '../http/parameters.ts';
import { atLeast } from '../http/query-fields.ts';
import { type Access, type Answer, callerOf, route, type Route } from '../http/route.ts';
import { pageOf } from './page.ts';
import type { Model } from './read-side.ts';

const admin = ['admin'] as const;
export const readErrors = [
  'TOKEN_INVALID',
  'STALE_STATE',
  'STORE_UNAVAILABLE',
] as const satisfies readonly ErrorCode[];
const listErrors = [...readErrors, 'CURSOR_INVALID'] as const;

type Described = {
  readonly path: string;
  readonly operation: string;
  readonly tag: string;
  readonly summary: string;
  /** What is read, as projections of the log; none where the rows come from another stream. */
  readonly models: readonly Model[];
};

type Listing<S extends z.ZodObject, View> = Described & {
  readonly query: S;
  readonly item: z.ZodType<View>;
  readonly list: (store: Store, scope: Scope, query: z.output<S>) => Promise<Page<View>>;
};

/** A page of everything of a kind; for administrators. */
export function listRoute<S extends z.ZodObject, View>(spec: Listing<S, View>): Route {
  return route({
    ...describe(spec, admin),
    params: none,
    query: z.strictObject({ ...spec.query.shape, atLeast }),
    answers: { 200: { description: 'a page, newest first', schema: pageOf(spec.item) } },
    errors: listErrors,
    handle: ({ query, ...call }, dependencies) => {
      const { atLeast: token, ...filters } = query as { atLeast?: string };
      return readPage(
        spec,
        { tenant: callerOf(call).tenant, token, query: filters as z.output<S> },
        dependencies,
      );
    },
  });
}

/** The same for one agent, which its own keys may read too. `query` has `agentId`, which the path gives. */
export function agentListRoute<S extends z.ZodObject, View>(spec: Listing<S, View>): Route {
  const { agentId: _, ...shape } = spec.query.shape;
  return route({
    ...describe(spec, ['admin', 'agent']),
    params: z.strictObject({ agentId }),
    query: z.strictObject({ ...shape, atLeast }),
    answers: { 200: { description: 'a page, newest first', schema: pageOf(spec.item) } },
    errors: [...listErrors, 'AGENT_UNKNOWN'],
    handle: async ({ query, params, ...call }, dependencies) => {
      const { atLeast: token, ...filters } = query as { atLeast?: string; cursor?: string };
      const { tenant } = callerOf(call);
      const read = { tenant, token, query: { ...filters, agentId: params.agentId } as z.output<S> };
      return await readPage(spec, read, dependencies, (page) =>
        refuseUnknown(page, { tenant, agentId: params.agentId }, dependencies),
      );
    },
  });
}

type PageRead<S extends z.ZodObject> = {
  readonly tenant: string;
  readonly token: string | undefined;
  readonly query: z.output<S>;
};

async function readPage<S extends z.ZodObject, View>(
  { models, list }: Listing<S, View>,
  { tenant, token, query }: PageRead<S>,
  { readSide }: ApiDependencies,
  check?: (page: Page<View>) => Promise<void>,
): Promise<Answer> {
  const found = await readSide.read({
    models,
    tenant,
    atLeast: token,
    query: (store, scope) => list(store, scope, query),
  });
  await check?.(found.value);
  return { body: found.value, ...(found.token === undefined ? {} : { token: found.token }) };
}

/** An empty list is an answer only for an agent that there is. */
async function refuseUnknown(
  page: Page<unknown>,
  { tenant, agentId: id }: { readonly tenant: string; readonly agentId: string },
  { readSide }: ApiDependencies,
): Promise<void> {
  if (page.items.length > 0) return;
  const { value } = await readSide.read({
    models: [],
    tenant,
    atLeast: undefined,
    query: (store, scope) => getAgent(store, scope, id),
  });
  if (value === undefined) throw unknownAgent(id);
}

type Lookup<P extends z.ZodObject, View> = Described & {
  readonly access?: Access;
  readonly params: P;
  readonly item: z.ZodType<View>;
  readonly get: (store: Store, scope: Scope, params: z.output<P>) => Promise<View | undefined>;
  /** The refusal when there is none. */
  readonly missing: (params: z.output<P>) => WritError;
  readonly errors: readonly ErrorCode[];
};

/** One thing by what its path says. */
export function lookupRoute<P extends z.ZodObject, View>(spec: Lookup<P, View>): Route {
  return route({
    ...describe(spec, spec.access ?? admin),
    params: spec.params,
    query: z.strictObject({ atLeast }),
    answers: { 200: { description: 'found', schema: spec.item } },
    errors: [...readErrors, ...spec.errors],
    handle: async ({ params, query, ...call }, { readSide }) => {
      const found = await readSide.read({
        models: spec.models,
        tenant: callerOf(call).tenant,
        atLeast: query.atLeast,
        query: (store, scope) => spec.get(store, scope, params),
      });
      if (found.value === undefined) throw spec.missing(params);
      return { body: found.value, ...(found.token === undefined ? {} : { token: found.token }) };
    },
  });
}

export function unknownAgent(id: string): WritError {
  return new WritError('AGENT_UNKNOWN', `agent \`${id}\` is not registered; register it first`, {
    details: [{ path: 'agentId', message: 'must be a registered agent' }],
  });
}

function describe({ path, operation, tag, summary }: Described, access: Access) {
  return { method: 'GET', path, operation, tag, summary, access } as const;
}
