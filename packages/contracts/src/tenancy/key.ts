/** API keys: `writ_<key>_<secret>`; the log holds a keyed hash of the secret, never the secret. */
import { z } from 'zod';
import { agentPattern, keyId, timestamp } from '../ids.ts';

/** The first release knows these two; the rest of the roles come with their routes. */
export const keyRole = z.enum(['admin', 'agent']);

export const createKey = z
  .strictObject({
    name: z.string().min(1).max(200),
    role: keyRole,
    agents: z.array(agentPattern).max(100).default([]),
    expiresAt: timestamp.nullable().default(null),
  })
  .superRefine((value, ctx) => {
    if (value.role === 'agent' && value.agents.length === 0)
      ctx.addIssue({
        code: 'custom',
        path: ['agents'],
        message: 'must name the agents an agent key speaks for',
      });
  });

export const revokeKey = z.strictObject({
  keyId,
  reason: z.string().max(2000).nullable().default(null),
});

export const keyCreatedV1 = z.strictObject({
  keyId,
  name: z.string(),
  role: keyRole,
  agents: z.array(z.string()),
  expiresAt: z.string().nullable(),
  /** HMAC-SHA256 of the secret under the cell's pepper, in hex. */
  secretHash: z.string(),
});
export const keyRevokedV1 = z.strictObject({ keyId, reason: z.string().nullable() });

export type KeyRole = z.infer<typeof keyRole>;
export type CreateKey = z.infer<typeof createKey>;
