/** Commands on API keys: create one, revoke one. */
import { keyId } from '@writ/contracts';
import { z } from 'zod';
import { commandRoute } from '../commands/command-route.ts';
import type { Route } from '../http/route.ts';

const tag = 'keys';

export const keyCommandRoutes: readonly Route[] = [
  commandRoute({
    method: 'POST',
    path: '/v1/keys',
    verb: 'tenancy.create-key',
    tag,
    operation: 'createKey',
    creates: true,
    errors: [],
  }),
  commandRoute({
    method: 'DELETE',
    path: '/v1/keys/{keyId}',
    verb: 'tenancy.revoke-key',
    tag,
    operation: 'revokeKey',
    params: z.strictObject({ keyId }),
    body: z.strictObject({
      keyId: keyId.optional(),
      reason: z.string().max(2000).nullable().optional(),
    }),
    errors: ['KEY_UNKNOWN'],
  }),
];
