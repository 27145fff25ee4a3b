/** Reading dead letters: durable commands that could not be done, with the reason and the original. */
import {
  deadLetterDetailView,
  deadLetterId,
  deadLettersQuery,
  deadLetterView,
  WritError,
} from '@writ/contracts';
import { getDeadLetter, listDeadLetters } from '@writ/readmodels';
import { z } from 'zod';
import type { Route } from '../http/route.ts';
import { listRoute, lookupRoute } from '../reads/list-route.ts';

const tag = 'dead-letters';

export const deadLetterQueryRoutes: readonly Route[] = [
  listRoute({
    path: '/v1/dead-letters',
    operation: 'listDeadLetters',
    tag,
    summary: 'dead letters by code, verb or status; those that wait when nothing is said',
    models: [],
    query: deadLettersQuery,
    item: deadLetterView,
    list: listDeadLetters,
  }),
  lookupRoute({
    path: '/v1/dead-letters/{letterId}',
    operation: 'getDeadLetter',
    tag,
    summary: 'one dead letter with the original and what came of it',
    models: [],
    params: z.strictObject({ letterId: deadLetterId }),
    item: deadLetterDetailView,
    get: (store, scope, params) => getDeadLetter(store, scope, params.letterId),
    missing: (params) =>
      new WritError('NOT_FOUND', `there is no dead letter \`${params.letterId}\`; list them`),
    errors: ['NOT_FOUND'],
  }),
];
