/** API keys as they are shown; never their secrets. */
import { z } from 'zod';
import { pageQuery } from '../list-query.ts';
import { keyRole } from './key.ts';

export const keyStatus = z.enum(['active', 'expired', 'revoked']);

export const keyView = z.strictObject({
  keyId: z.string(),
  name: z.string(),
  role: keyRole,
  agents: z.array(z.string()),
  status: keyStatus,
  expiresAt: z.string().nullable(),
  createdBy: z.string(),
  createdAt: z.string(),
  revoked: z
    .strictObject({ by: z.string(), at: z.string(), reason: z.string().nullable() })
    .nullable(),
  seq: z.int(),
});

export const keysQuery = z.strictObject({
  ...pageQuery,
  role: keyRole.optional(),
  status: keyStatus.optional(),
});

export type KeyView = z.infer<typeof keyView>;
export type KeysQuery = z.infer<typeof keysQuery>;
