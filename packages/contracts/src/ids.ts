/** The identifiers of the public surface: their grammar, and nothing that escapes or repairs them. */
import { z } from 'zod';

/** The last millisecond of the year 9999, UTC. */
const LAST_INSTANT_MS = 253_402_300_799_999;
const NAME = '[A-Za-z0-9][A-Za-z0-9_-]{0,62}';
const namePattern = new RegExp(`^${NAME}$`);
const agentIdPattern = new RegExp(`^${NAME}(?::${NAME})?$`);

/** Stands in a subject for the container of an agent that has none, and for the id of a tenant-wide singleton. */
export const NO_CONTAINER = '_';

export const tenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1–63 of `a-z0-9-`, starting with a letter or digit');

export const keyId = z.string().regex(/^[a-z0-9]{10,20}$/, 'must be 10–20 of `a-z0-9`');

export const agentId = z
  .string()
  .regex(
    agentIdPattern,
    'must be `<name>` or `<container>:<name>`, each side 1–63 of `A-Za-z0-9_-` starting with a letter or digit',
  );

/** An exact agent id, or a prefix ending in `*` (`langgraph-v2:*`, `*`). */
export const agentPattern = z
  .string()
  .regex(
    new RegExp(`^(?:\\*|(?:${NAME}:)?(?:${NAME})?\\*|${NAME}(?::${NAME})?)$`),
    'must be an agent id or a prefix of one ending in `*`',
  );

export const actionName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/, 'must be 1–128 of `A-Za-z0-9_.:/-`');

export const resourceType = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'must be 1–63 of `A-Za-z0-9_-`, without a colon');

/** What follows the type: any printable text without control characters, at most 512 characters. */
export const resourceId = z
  .string()
  .min(1, 'must not be empty')
  .max(512, 'must be at most 512 characters')
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');

export const resourceName = z
  .string()
  .max(576, 'must be at most 576 characters')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}:[^\p{Cc}\p{Cs}]+$/u,
    'must be `<type>:<id>`, e.g. `dataset:sales`',
  );

/** A name or a prefix ending in `*`; a lone `*` is everything. */
export const pattern = z
  .string()
  .min(1, 'must not be empty')
  .max(576, 'must be at most 576 characters')
  .regex(/^[^*\p{Cc}\p{Cs}]*\*?$/u, 'must be exact or end in a single `*`');

/** Ids that a client brings: executions, feedback, idempotency keys. */
export const clientId = z
  .string()
  .regex(/^[A-Za-z0-9_:.-]{1,128}$/, 'must be 1–128 of `A-Za-z0-9_:.-`');

export const uuid = z.uuid();

/** RFC 3339 in UTC or with an offset; milliseconds at most are kept. */
export const timestamp = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 date-time' })
  // An offset can push a time over the edge of the four-digit years that events hold in UTC.
  .refine((text) => {
    const ms = Date.parse(text);
    // What is no time at all was refused above, with one message.
    return Number.isNaN(ms) || (ms >= 0 && ms <= LAST_INSTANT_MS);
  }, 'must be a time from 1970 to 9999');

export const semanticVersion = z
  .string()
  .max(64)
  .regex(
    /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/,
    'must be a semantic version, e.g. `2.0.0`',
  );

export type AgentTokens = { readonly container: string; readonly name: string };

/** Splits an agent id into its two subject tokens; `undefined` when it is not an agent id. */
export function agentTokens(id: string): AgentTokens | undefined {
  if (!agentIdPattern.test(id)) return undefined;
  const colon = id.indexOf(':');
  return colon < 0
    ? { container: NO_CONTAINER, name: id }
    : { container: id.slice(0, colon), name: id.slice(colon + 1) };
}

/** The agent id that two subject tokens stand for; `undefined` when either is not a token of one. */
export function agentIdOf(container: string, name: string): string | undefined {
  if (!namePattern.test(name)) return undefined;
  if (container === NO_CONTAINER) return name;
  return namePattern.test(container) ? `${container}:${name}` : undefined;
}

/** Splits `<type>:<id>` at the first colon. */
export function splitResource(name: string): { type: string; id: string } {
  const colon = name.indexOf(':');
  return { type: name.slice(0, colon), id: name.slice(colon + 1) };
}
