/** One route of the API: what the server mounts, what the OpenAPI document says and what the tests walk through. */
import type { ErrorCode, KeyRole } from '@writ/contracts';
import type { KeyRecord } from '@writ/bus';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { refuseForeignAgent } from '../auth/scope.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { parsePath, parseQuery } from './parameters.ts';

export type Method = 'GET' | 'POST' | 'DELETE';

/** How errors are told: RFC 9457 problems, or the bare message string that AuthZEN asks for. */
export type ErrorStyle = 'problem' | 'message';

/** Who may use a route: everybody, or keys of these roles. */
export type Access = 'public' | readonly KeyRole[];

export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A request after authentication, before its parts were read. */
export type RawCall = {
  readonly caller: KeyRecord | undefined;
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: RequestHeaders;
  readonly contentType: string | undefined;
  /** The bytes of the body; empty when there was none. */
  readonly body: Uint8Array;
};

export type Call<P, Q> = Omit<RawCall, 'params' | 'query'> & {
  readonly params: P;
  readonly query: Q;
};

export type JsonAnswer = {
  readonly status?: number;
  readonly body: unknown;
  /** The consistency token that the answer stands for. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
};
export type TextAnswer = { readonly text: string; readonly contentType: string };
/** The handler takes the connection over and ends the response itself. */
export type StreamAnswer = {
  readonly stream: (response: ServerResponse, request: IncomingMessage) => void;
};
export type Answer = JsonAnswer | TextAnswer | StreamAnswer;

export type BodySpec = {
  readonly schema: z.ZodType;
  readonly required: boolean;
  readonly description?: string;
};

export type AnswerSpec = {
  readonly description: string;
  readonly schema?: z.ZodType;
  readonly contentType?: string;
};

/** What is said of a route beside its handler. */
export type RouteDescription = {
  readonly method: Method;
  /** With `{name}` for parts that vary. */
  readonly path: string;
  readonly operation: string;
  readonly tag: string;
  readonly summary: string;
  readonly access: Access;
  readonly body?: BodySpec;
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  /** Codes beyond those that every route of its kind may answer. */
  readonly errors: readonly ErrorCode[];
  readonly errorStyle?: ErrorStyle;
  /** True for commands: they read `Idempotency-Key` and a correlation id. */
  readonly command?: boolean;
};

export type Route = RouteDescription & {
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly handle: (call: RawCall, dependencies: ApiDependencies) => Promise<Answer>;
};

type TypedRoute<P extends z.ZodObject, Q extends z.ZodObject> = RouteDescription & {
  readonly params: P;
  readonly query: Q;
  readonly handle: (
    call: Call<z.output<P>, z.output<Q>>,
    dependencies: ApiDependencies,
  ) => Promise<Answer>;
};

/**
 * Makes a route whose handler gets its path and query parsed. A key that may not speak for the
 * agent in the path is refused here, before anything is read.
 */
export function route<P extends z.ZodObject, Q extends z.ZodObject>(spec: TypedRoute<P, Q>): Route {
  return {
    ...spec,
    handle: async (call, dependencies) => {
      const params = parsePath(spec.params, call.params);
      if (call.caller) refuseForeignAgent(call.caller, params);
      const query = parseQuery(spec.query, call.query);
      return spec.handle({ ...call, params, query }, dependencies);
    },
  };
}

/** The caller of a route that is not public. */
export function callerOf(call: { readonly caller: KeyRecord | undefined }): KeyRecord {
  if (!call.caller) throw new Error('a public route has no caller');
  return call.caller;
}
