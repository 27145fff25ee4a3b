/** Routes that give a command: the body goes to the commander as it came, joined with what the path says. */
import { commandAccepted, type CommandVerb, commands, type ErrorCode } from '@writ/contracts';
import type { z } from 'zod';
import { readJson, readOptionalJson, withPathParts } from '../http/body.ts';
import { commandHeaders } from '../http/headers.ts';
import { none } from '../http/parameters.ts';
import { callerOf, type Method, route, type Route } from '../http/route.ts';
import { sendCommand } from './send.ts';

export type CommandRoute = {
  readonly method: Method;
  readonly path: string;
  readonly verb: CommandVerb;
  readonly tag: string;
  readonly operation: string;
  /** What this route does of what the command can do; the command's own summary when left out. */
  readonly summary?: string;
  /** What stands in the path; it joins the body under the same names. */
  readonly params?: z.ZodObject;
  /** Members of the command that the path says by its words. */
  readonly says?: Readonly<Record<string, string>>;
  /** The body where the path takes a part of the command away from it, or lets it be left out. */
  readonly body?: z.ZodType;
  /** True when an accepted command has made something new that has an address: 201 then. */
  readonly creates?: boolean;
  readonly errors: readonly ErrorCode[];
};

/** Codes that every command may be refused with. */
export const commandErrors = [
  'BODY_MALFORMED',
  'BODY_TOO_LARGE',
  'BODY_TOO_DEEP',
  'BODY_INVALID',
  'HEADER_INVALID',
  'IDEMPOTENCY_KEY_REUSED',
  'VERSION_CONFLICT',
  'VERB_UNKNOWN',
  'TENANT_UNKNOWN',
  'CLOCK_SKEW',
  'LOG_UNAVAILABLE',
  'LOG_FULL',
  'STORE_UNAVAILABLE',
  'BUS_UNAVAILABLE',
  'SERVICE_UNAVAILABLE',
  'TIMEOUT',
] as const satisfies readonly ErrorCode[];

export function commandRoute(spec: CommandRoute): Route {
  const { verb, creates = false } = spec;
  const { schema, roles } = commands[verb];
  const params = spec.params ?? none;
  const fromPath = Object.keys(params.shape).length > 0;
  const accepted = { description: 'stored', schema: commandAccepted };
  return route({
    method: spec.method,
    path: spec.path,
    operation: spec.operation,
    tag: spec.tag,
    summary: spec.summary ?? commands[verb].summary,
    access: roles,
    params,
    query: none,
    body: { schema: spec.body ?? schema, required: !fromPath },
    answers: creates
      ? {
          201: accepted,
          200: { description: 'nothing was new: what stands already', schema: commandAccepted },
        }
      : { 200: accepted },
    errors: [...commandErrors, ...spec.errors],
    command: true,
    handle: async (call, { bus }) => {
      const parsed = fromPath ? readOptionalJson(call) : readJson(call);
      const body = fromPath
        ? withPathParts(parsed, { ...(call.params as Record<string, string>), ...spec.says })
        : call.body;
      const headers = commandHeaders(call.headers);
      const reply = await sendCommand(bus, callerOf(call), { verb, body, headers });
      const status = creates && reply.events.length > 0 ? 201 : 200;
      return { status, body: reply, token: reply.token };
    },
  });
}
