/** Agents: what is registered of them, and the events of an agent's life. */
import { z } from 'zod';
import { agentId, keyId, resourceType, semanticVersion } from '../ids.ts';

const url = z.url({ protocol: /^https?$/, error: 'must be an http or https address' });
const words = z.string().min(1).max(1024);

export const agentRuntime = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('nats') }),
  z.strictObject({ kind: z.literal('http'), url }),
  z.strictObject({
    kind: z.literal('process'),
    command: words,
    args: z.array(z.string().max(4096)).max(256).default([]),
  }),
  z.strictObject({ kind: z.literal('container'), image: words }),
  z.strictObject({ kind: z.literal('in_process') }),
]);

export const capability = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,62}$/, 'must be 1–63 of `A-Za-z0-9_.:-`');

export const labels = z
  .record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_./-]{0,62}$/, 'must be 1–63 of `A-Za-z0-9_./-`'),
    z.string().max(255),
  )
  .refine((value) => Object.keys(value).length <= 64, 'must have at most 64 entries');

const owner = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,127}$/, 'must be 1–128 of `A-Za-z0-9_.@-`');

/** What an agent says of itself; the body of `registry.register-agent`. */
export const registerAgent = z.strictObject({
  agentId,
  name: z.string().min(1).max(200),
  type: resourceType,
  version: semanticVersion,
  capabilities: z.array(capability).max(256).default([]),
  runtime: agentRuntime.default({ kind: 'nats' }),
  owner: owner.nullable().default(null),
  labels: labels.default({}),
});

const reason = z.string().max(2000).nullable().default(null);
const ofAgent = z.strictObject({ agentId, reason });

export const suspendAgent = ofAgent;
export const resumeAgent = ofAgent;
export const retireAgent = ofAgent;

/** Version 1 of the data of the agent's events. */
export const agentRegisteredV1 = z.strictObject({
  agentId,
  name: z.string(),
  type: z.string(),
  version: z.string(),
  capabilities: z.array(z.string()),
  runtime: agentRuntime,
  owner: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  /** The key that registered it. */
  keyId,
});
export const agentVersionRegisteredV1 = agentRegisteredV1;
export const agentSuspendedV1 = z.strictObject({ agentId, reason: z.string().nullable() });
export const agentResumedV1 = agentSuspendedV1;
export const agentRetiredV1 = agentSuspendedV1;

export type Runtime = z.infer<typeof agentRuntime>;
export type RegisterAgent = z.infer<typeof registerAgent>;
