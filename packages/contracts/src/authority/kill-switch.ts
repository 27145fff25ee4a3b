/** Kill switches: they stop agents at once, one by one, by type, by tenant or all of a cell. */
import { z } from 'zod';
import { agentId, resourceType } from '../ids.ts';
import { pageQuery } from '../list-query.ts';

/** Whom a switch stops; `all` is every tenant of the cell. */
export const killSwitchScope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('agent'), id: agentId }),
  z.strictObject({ kind: z.literal('type'), id: resourceType }),
  z.strictObject({ kind: z.literal('tenant') }),
  z.strictObject({ kind: z.literal('all') }),
]);

const reason = z.string().min(1).max(2000);

export const engageKillSwitch = z.strictObject({ scope: killSwitchScope, reason });
export const releaseKillSwitch = engageKillSwitch;

export const killSwitchEngagedV1 = z.strictObject({ scope: killSwitchScope, reason: z.string() });
export const killSwitchReleasedV1 = killSwitchEngagedV1;

/** Who gave a command, when and why. */
const given = z.strictObject({ by: z.string(), at: z.string(), reason: z.string() });

export const killSwitchView = z.strictObject({
  scope: killSwitchScope,
  status: z.enum(['engaged', 'released']),
  engaged: given,
  released: given.nullable(),
  seq: z.int(),
});

export const killSwitchesQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(['engaged', 'released']).optional(),
});

export type KillSwitchScope = z.infer<typeof killSwitchScope>;
export type KillSwitchView = z.infer<typeof killSwitchView>;
export type KillSwitchesQuery = z.infer<typeof killSwitchesQuery>;
