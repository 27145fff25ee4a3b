/** Permission questions, one or many: AuthZEN 1.0 over the bus. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  type EvaluationReply,
  type EvaluationRequest,
  evaluationReply,
  evaluationsReply,
  type ValidationReply,
  validationReply,
  splitResource,
  subjects,
  WritError,
} from '@writ/contracts';
import type { Freshness } from './freshness.ts';
import type { Link } from './link.ts';
import type { AskOptions, CallOptions } from './options.ts';

export type Permission = {
  readonly agentId: string;
  readonly action: string;
  /** `<type>:<id>`, e.g. `dataset:sales`. */
  readonly resource: string;
  /** What policies and conditions may read, e.g. `estimatedCostMicros`. */
  readonly context?: Readonly<Record<string, unknown>>;
};

/** How a batch is answered: all of it, or only up to the first deny, or the first allow. */
export type BatchSemantic = 'execute_all' | 'deny_on_first_deny' | 'permit_on_first_permit';

export type Asking = {
  readonly link: Link;
  readonly freshness: Freshness;
  readonly readYourWrites: boolean;
};

/** The question in AuthZEN's words. */
export function toRequest({ agentId, action, resource, context }: Permission): EvaluationRequest {
  const colon = resource.indexOf(':');
  if (colon < 1 || colon === resource.length - 1)
    throw new WritError(
      'BODY_INVALID',
      `\`${resource}\` is not a resource; write it as \`<type>:<id>\``,
      {
        details: [{ path: 'resource', message: 'must be `<type>:<id>`' }],
      },
    );
  return {
    subject: { type: 'agent', id: agentId },
    action: { name: action },
    resource: splitResource(resource),
    ...(context ? { context: { ...context } } : {}),
  };
}

/** A governor that is gone is noticed after so long, and another one asked. */
const LONGEST_WAIT_MS = 15_000;
const PAUSE_MS = 250;

/** Asks, and goes on asking while a person may still decide in the time that the caller waits. */
export async function askPermission(
  asking: Asking,
  permission: Permission,
  options: AskOptions,
): Promise<EvaluationReply> {
  const { waitForApprovalMs } = options;
  if (waitForApprovalMs === undefined) return askOnce(asking, permission, options);
  const until = performance.now() + waitForApprovalMs;
  for (let leftMs = waitForApprovalMs; ; leftMs = Math.floor(until - performance.now())) {
    const waitMs = Math.max(0, Math.min(leftMs, LONGEST_WAIT_MS));
    const asked = performance.now();
    const reply = await askOnce(asking, permission, { ...options, waitForApprovalMs: waitMs });
    const now = performance.now();
    if (reply.context.outcome !== 'require_approval' || now >= until) return reply;
    // A governor that stops, or has no place left for those who wait, answers before the time is over.
    if (now - asked < waitMs)
      await pause(Math.min(PAUSE_MS, until - now), undefined, signalOf(options)).catch(
        () => undefined,
      );
  }
}

function signalOf({ signal }: AskOptions): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

async function askOnce(
  asking: Asking,
  permission: Permission,
  options: AskOptions,
): Promise<EvaluationReply> {
  const { link } = asking;
  const reply = await link.call({
    subject: subjects.ask(link.tenant, link.keyId, 'permission'),
    asked: 'the permission question',
    body: { ...toRequest(permission), ...questionOptions(asking, options) },
    options: patience(options),
  });
  return checked(evaluationReply.safeParse(reply));
}

export async function askPermissions(
  asking: Asking,
  permissions: readonly Permission[],
  options: AskOptions & { readonly semantic?: BatchSemantic },
): Promise<EvaluationReply[]> {
  if (permissions.length === 0) return [];
  const { link } = asking;
  const semantic = options.semantic ? { evaluations_semantic: options.semantic } : {};
  const reply = await link.call({
    subject: subjects.ask(link.tenant, link.keyId, 'permissions'),
    asked: 'the permission questions',
    body: {
      evaluations: permissions.map(toRequest),
      ...questionOptions(asking, options, semantic),
    },
    options: patience(options),
  });
  return checked(evaluationsReply.safeParse(reply)).evaluations;
}

/** The result of an execution, before it is used. */
export type ResultToValidate = {
  readonly agentId: string;
  readonly action: string;
  readonly result: Readonly<Record<string, unknown>>;
  readonly executionId?: string;
  readonly decisionId?: string;
};

export async function askValidation(
  { link }: Asking,
  result: ResultToValidate,
  options: CallOptions,
): Promise<ValidationReply> {
  const reply = await link.call({
    subject: subjects.ask(link.tenant, link.keyId, 'validation'),
    asked: 'the validation question',
    body: result,
    options,
  });
  return checked(validationReply.safeParse(reply));
}

function questionOptions(
  { freshness, readYourWrites }: Asking,
  options: AskOptions,
  more: object = {},
): object {
  const atLeast = options.atLeast ?? (readYourWrites ? freshness.token : undefined);
  const said = {
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(options.record === undefined ? {} : { record: options.record }),
    ...(options.waitForApprovalMs === undefined
      ? {}
      : { waitForApprovalMs: options.waitForApprovalMs }),
    ...more,
  };
  return Object.keys(said).length > 0 ? { options: said } : {};
}

/** An answer that waits for a person takes that much longer. */
function patience(options: AskOptions): AskOptions {
  const { waitForApprovalMs, timeoutMs } = options;
  return waitForApprovalMs === undefined || timeoutMs !== undefined
    ? options
    : { ...options, timeoutMs: waitForApprovalMs + 5000 };
}

function checked<T>(parsed: { success: true; data: T } | { success: false; error: Error }): T {
  if (parsed.success) return parsed.data;
  throw new WritError(
    'INTERNAL',
    'the answer does not have the shape of a decision; update the SDK',
    { cause: parsed.error },
  );
}
