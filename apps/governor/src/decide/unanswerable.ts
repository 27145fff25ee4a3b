/** Denies that are no decisions: the question can not be read, or nothing may be decided now. They are not recorded. */
import type { DenyCode, ErrorDetail, EvaluationReply, WritError } from '@writ/contracts';
import { decisionIdAt } from './decision-id.ts';
import { timestamp } from './rendered.ts';

export type Unanswerable = {
  readonly code: Extract<
    DenyCode,
    | 'STALE_STATE'
    | 'CLOCK_SKEW'
    | 'LOG_UNAVAILABLE'
    | 'OVERLOADED'
    | 'REQUEST_INVALID'
    | 'ENGINE_ERROR'
    | 'KEY_REVOKED'
    | 'IDENTITY_MISMATCH'
  >;
  readonly message: string;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly details: readonly ErrorDetail[];
  };
};

export function denyUnanswerable(
  { code, message, error }: Unanswerable,
  at: { readonly nowMs: number; readonly seq: number },
): string {
  const reply = {
    decision: false,
    context: {
      outcome: 'deny',
      decisionId: decisionIdAt(at.nowMs),
      code,
      message,
      reasons: [{ kind: 'state', id: code, text: message }],
      policies: [],
      obligations: [],
      trust: null,
      seq: at.seq,
      policyDigest: 'sha256:none',
      evaluatedAt: timestamp(at.nowMs),
      ignored: [],
      ...(error
        ? { error: { ...error, details: error.details.map((detail) => ({ ...detail })) } }
        : {}),
    },
  } satisfies EvaluationReply;
  return JSON.stringify(reply);
}

/** A question that can not be read, by the error that says what is wrong with it. */
export function invalid({ code, message, details }: WritError): Unanswerable {
  return { code: 'REQUEST_INVALID', message, error: { code, message, details } };
}

/** The answer would be larger than a message may be. */
export const ANSWER_TOO_LARGE: Unanswerable = {
  code: 'OVERLOADED',
  message: 'the answer is larger than a message may be; ask fewer questions at once',
};

/** What the decision is made from does not fit in a record. */
export const RECORD_TOO_LARGE: Unanswerable = {
  code: 'REQUEST_INVALID',
  message:
    'the record of the decision is larger than a message may be; send less in `context`, or give the agent shorter labels',
};

/** For want of a place to wait. */
export const OVERLOADED: Unanswerable = {
  code: 'OVERLOADED',
  message:
    'as many questions of this key wait as may; try again after a moment, with fewer at once',
};
