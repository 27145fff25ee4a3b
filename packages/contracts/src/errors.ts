/** The one catalogue of coded errors: HTTP status, delivery class, and what it means. */

/**
 * What the bus does with a message that failed so: `terminal` ends it with a dead letter,
 * `retryable` is tried again later, `paused` stops the consumer and calls a person,
 * `conflict` folds again and decides again.
 */
export type DeliveryClass = 'terminal' | 'retryable' | 'paused' | 'conflict';

type Entry = { readonly status: number; readonly delivery: DeliveryClass; readonly title: string };

export const errorCatalogue = {
  BODY_MALFORMED: { status: 400, delivery: 'terminal', title: 'the body is not valid JSON' },
  BODY_TOO_LARGE: { status: 413, delivery: 'terminal', title: 'the body is over the limit' },
  BODY_TOO_DEEP: { status: 400, delivery: 'terminal', title: 'the body is nested too deeply' },
  BODY_INVALID: {
    status: 400,
    delivery: 'terminal',
    title: 'the body does not have the shape asked for',
  },
  HEADER_INVALID: {
    status: 400,
    delivery: 'terminal',
    title: 'a header does not have the shape asked for',
  },
  QUERY_INVALID: {
    status: 400,
    delivery: 'terminal',
    title: 'a query parameter does not have the shape asked for',
  },
  PATH_INVALID: {
    status: 400,
    delivery: 'terminal',
    title: 'a part of the path does not have the shape asked for',
  },
  CURSOR_INVALID: {
    status: 400,
    delivery: 'terminal',
    title: 'the cursor was not made by this list',
  },
  TOKEN_INVALID: {
    status: 400,
    delivery: 'terminal',
    title: 'the consistency token was not made by this cell',
  },
  UNAUTHENTICATED: { status: 401, delivery: 'terminal', title: 'no valid key was presented' },
  NOT_ALLOWED: { status: 403, delivery: 'terminal', title: 'the key may not do this' },
  IDENTITY_MISMATCH: {
    status: 403,
    delivery: 'terminal',
    title: 'the key does not speak for this agent',
  },
  SOURCE_NOT_ALLOWED: {
    status: 403,
    delivery: 'terminal',
    title: 'the key may not rate as this source',
  },
  VERB_UNKNOWN: { status: 404, delivery: 'terminal', title: 'there is no such command' },
  NOT_FOUND: { status: 404, delivery: 'terminal', title: 'there is nothing under this address' },
  TENANT_UNKNOWN: { status: 404, delivery: 'terminal', title: 'there is no such tenant' },
  AGENT_UNKNOWN: { status: 404, delivery: 'terminal', title: 'no such agent is registered' },
  AGENT_SUSPENDED: { status: 409, delivery: 'terminal', title: 'the agent is suspended' },
  AGENT_RETIRED: { status: 409, delivery: 'terminal', title: 'the agent is retired' },
  GRANT_UNKNOWN: { status: 404, delivery: 'terminal', title: 'there is no such grant' },
  LIMIT_REACHED: { status: 409, delivery: 'terminal', title: 'the limit of a grant is reached' },
  GRANT_EXPIRED: { status: 422, delivery: 'terminal', title: 'the grant ends before it begins' },
  APPROVAL_UNKNOWN: { status: 404, delivery: 'terminal', title: 'there is no such approval' },
  APPROVAL_CLOSED: {
    status: 409,
    delivery: 'terminal',
    title: 'the approval is not open any more',
  },
  APPROVER_NOT_ALLOWED: {
    status: 403,
    delivery: 'terminal',
    title: 'the key that asked for an approval can not give it',
  },
  APPROVALS_FULL: {
    status: 429,
    delivery: 'terminal',
    title: 'too many approvals of the agent are open',
  },
  GRANT_NOT_DELEGABLE: {
    status: 422,
    delivery: 'terminal',
    title: 'the grant can not be handed on',
  },
  GRANT_TOO_WIDE: {
    status: 422,
    delivery: 'terminal',
    title: 'the grant would be wider than the one it is handed on from',
  },
  POLICY_INVALID: { status: 422, delivery: 'terminal', title: 'a policy is not valid' },
  SCHEMA_INVALID: { status: 422, delivery: 'terminal', title: 'the schema is not valid' },
  POLICY_ROLLBACK_IMPOSSIBLE: {
    status: 409,
    delivery: 'terminal',
    title: 'there is no such version to go back to',
  },
  VALIDATION_INVALID: {
    status: 422,
    delivery: 'terminal',
    title: 'a validation rule is not valid',
  },
  POLICY_VERSION_UNKNOWN: {
    status: 404,
    delivery: 'terminal',
    title: 'no such version of the policies is published',
  },
  KEY_UNKNOWN: { status: 404, delivery: 'terminal', title: 'there is no such key' },
  IDEMPOTENCY_KEY_REUSED: {
    status: 409,
    delivery: 'terminal',
    title: 'the idempotency key was used with another body',
  },
  EXECUTION_UNKNOWN: { status: 404, delivery: 'terminal', title: 'there is no such execution' },
  EXECUTION_FINISHED: {
    status: 409,
    delivery: 'terminal',
    title: 'the execution was already reported',
  },
  DEAD_LETTER_CLOSED: {
    status: 409,
    delivery: 'terminal',
    title: 'the dead letter was handled or dropped already',
  },
  VERSION_CONFLICT: {
    status: 409,
    delivery: 'conflict',
    title: 'others changed the same thing at the same time',
  },
  OVERLOADED: { status: 429, delivery: 'retryable', title: 'too many requests are in flight' },
  STALE_STATE: {
    status: 503,
    delivery: 'retryable',
    title: 'the state asked for was not reached in time',
  },
  LOG_UNAVAILABLE: {
    status: 503,
    delivery: 'retryable',
    title: 'the event log can not be written or read now',
  },
  LOG_FULL: { status: 507, delivery: 'retryable', title: 'the event log is full' },
  STORE_UNAVAILABLE: {
    status: 503,
    delivery: 'retryable',
    title: 'the read models can not be reached now',
  },
  BUS_UNAVAILABLE: { status: 503, delivery: 'retryable', title: 'the bus can not be reached now' },
  SERVICE_UNAVAILABLE: {
    status: 503,
    delivery: 'retryable',
    title: 'no role that answers this is running',
  },
  TIMEOUT: { status: 504, delivery: 'retryable', title: 'the answer did not come in time' },
  CLOCK_SKEW: {
    status: 503,
    delivery: 'retryable',
    title: 'the clock differs too much from the broker',
  },
  EVENT_UNREADABLE: {
    status: 500,
    delivery: 'paused',
    title: 'an event of the log can not be read by this release',
  },
  CHECKPOINT_MISMATCH: {
    status: 500,
    delivery: 'paused',
    title: 'the stream is not the one that was projected',
  },
  CONFIG_INVALID: { status: 500, delivery: 'paused', title: 'the configuration is not valid' },
  INTERNAL: { status: 500, delivery: 'retryable', title: 'something of ours went wrong' },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof errorCatalogue;

/** Why a permission was not given; not errors: the question was answered. */
export const denyCodes = [
  'AGENT_UNKNOWN',
  'AGENT_SUSPENDED',
  'AGENT_RETIRED',
  'KILL_SWITCH',
  'NO_GRANT',
  'POLICY_FORBIDS',
  'TRUST_TOO_LOW',
  'LIMIT_REACHED',
  'APPROVAL_REJECTED',
  'APPROVAL_EXPIRED',
  'STALE_STATE',
  'ENGINE_ERROR',
  'LOG_UNAVAILABLE',
  'IDENTITY_MISMATCH',
  'KEY_REVOKED',
  'CLOCK_SKEW',
  'OVERLOADED',
  'REQUEST_INVALID',
] as const;
export type DenyCode = (typeof denyCodes)[number];

export type ErrorDetail = { readonly path: string; readonly message: string };

/** The one error of the project: recognised by its `code` across packages, never by its class. */
export class WritError extends Error {
  override readonly name = 'WritError';
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];

  constructor(
    code: ErrorCode,
    message: string,
    more: { details?: readonly ErrorDetail[]; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details ?? [];
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCatalogue, value);
}

/** The coded error in anything thrown; what has no code of ours becomes `INTERNAL` with its cause kept. */
export function toWritError(thrown: unknown): WritError {
  if (thrown instanceof WritError) return thrown;
  if (
    typeof thrown === 'object' &&
    thrown !== null &&
    'code' in thrown &&
    isErrorCode(thrown.code)
  ) {
    const message = thrown instanceof Error ? thrown.message : errorCatalogue[thrown.code].title;
    const details =
      'details' in thrown && Array.isArray(thrown.details) ? (thrown.details as ErrorDetail[]) : [];
    return new WritError(thrown.code, message, { details, cause: thrown });
  }
  return new WritError(
    'INTERNAL',
    'something of ours went wrong; the log of the role has the cause',
    {
      cause: thrown,
    },
  );
}

export function isRetryable(code: ErrorCode): boolean {
  const { delivery } = errorCatalogue[code];
  return delivery === 'retryable' || delivery === 'conflict';
}
