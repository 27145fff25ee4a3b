/** Replies to commands, on the bus and over HTTP. */
import { z } from 'zod';
import { errorCatalogue, isErrorCode, isRetryable, type WritError } from './errors.ts';

export const errorDetail = z.object({ path: z.string(), message: z.string() });
export const errorBody = z.object({
  code: z.string(),
  message: z.string(),
  details: z.array(errorDetail),
  retryable: z.boolean(),
});

export const commandAccepted = z.object({
  ok: z.literal(true),
  seq: z.int(),
  token: z.string(),
  events: z.array(z.object({ id: z.string(), type: z.string(), seq: z.int() })),
  result: z.record(z.string(), z.unknown()),
});
export const commandRefused = z.object({ ok: z.literal(false), error: errorBody });
export const commandReply = z.discriminatedUnion('ok', [commandAccepted, commandRefused]);

export type CommandAccepted = z.infer<typeof commandAccepted>;
export type CommandReply = z.infer<typeof commandReply>;
export type ErrorBody = z.infer<typeof errorBody>;

export function refusal(error: WritError): { ok: false; error: ErrorBody } {
  return {
    ok: false,
    error: {
      code: error.code,
      message: error.message,
      details: error.details.map((detail) => ({ ...detail })),
      retryable: isRetryable(error.code),
    },
  };
}

/** The HTTP status of a code, also the numeric code of the NATS micro error headers. */
export function statusOf(code: string): number {
  return isErrorCode(code) ? errorCatalogue[code].status : 500;
}
