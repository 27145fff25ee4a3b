/** Agents as they are shown, and how lists of them are filtered. */
import { z } from 'zod';
import { listedText, pageQuery, repeatable } from '../list-query.ts';
import { agentRuntime, capability } from './agent.ts';

export const agentStatus = z.enum(['active', 'suspended', 'retired']);

const registrationView = {
  version: z.string(),
  name: z.string(),
  type: z.string(),
  capabilities: z.array(z.string()),
  runtime: agentRuntime,
  owner: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  /** The key that registered it. */
  registeredBy: z.string(),
  registeredAt: z.string(),
};

export const agentView = z.strictObject({
  agentId: z.string(),
  status: agentStatus,
  /** True while a critical event holds it back, until a person clears that. */
  latched: z.boolean(),
  /** The score now, 0 to 1000. */
  trust: z.int(),
  ...registrationView,
  updatedAt: z.string(),
  seq: z.int(),
});

export const agentVersionView = z.strictObject({ ...registrationView, seq: z.int() });

/** One agent, with every version that was registered, newest first. */
export const agentDetailView = z.strictObject({
  ...agentView.shape,
  versions: z.array(agentVersionView),
});

export const agentsQuery = z.strictObject({
  ...pageQuery,
  type: listedText.optional(),
  /** Every one that is given must be there. */
  capability: repeatable(capability),
  /** A range such as `>=2.0.0 <3`; an agent with any registered version in it is shown. */
  version: listedText.optional(),
  status: agentStatus.optional(),
  minTrust: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(0, 'must be 0 to 1000')
    .max(1000, 'must be 0 to 1000')
    .optional(),
  /** `<name>` or `<name>=<value>`; every one that is given must be there. */
  label: repeatable(listedText),
  owner: listedText.optional(),
  /** Text within the id or the name, whatever its case. */
  q: listedText.optional(),
});

export type AgentView = z.infer<typeof agentView>;
export type AgentVersionView = z.infer<typeof agentVersionView>;
export type AgentDetailView = z.infer<typeof agentDetailView>;
export type AgentsQuery = z.infer<typeof agentsQuery>;
