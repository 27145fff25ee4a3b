/** Reading API keys; their secrets are nowhere to be read. */
import { keyId, keysQuery, keyView, WritError } from '@writ/contracts';
import { getKey, listKeys } from '@writ/readmodels';
import { z } from 'zod';
import type { Route } from '../http/route.ts';
import { listRoute, lookupRoute } from '../reads/list-route.ts';

const tag = 'keys';

export const keyQueryRoutes: readonly Route[] = [
  listRoute({
    path: '/v1/keys',
    operation: 'listKeys',
    tag,
    summary: 'the API keys by role or status',
    models: ['keys'],
    query: keysQuery,
    item: keyView,
    list: listKeys,
  }),
  lookupRoute({
    path: '/v1/keys/{keyId}',
    operation: 'getKey',
    tag,
    summary: 'one API key',
    models: ['keys'],
    params: z.strictObject({ keyId }),
    item: keyView,
    get: (store, scope, params) => getKey(store, scope, params.keyId),
    missing: (params) =>
      new WritError('KEY_UNKNOWN', `there is no key \`${params.keyId}\`; list the keys`),
    errors: ['KEY_UNKNOWN'],
  }),
];
