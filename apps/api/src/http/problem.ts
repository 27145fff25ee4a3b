/** Errors as they leave the API: RFC 9457 problems, or a bare message for AuthZEN. */
import { errorCatalogue, isErrorCode, WritError } from '@writ/contracts';
import { z } from 'zod';
import type { ErrorStyle } from './route.ts';

export const problem = z.object({
  type: z.string().meta({ description: '`urn:writ:error:<code>`' }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string().meta({ description: 'one of the error catalogue' }),
  errors: z.array(z.object({ path: z.string(), message: z.string() })),
});

export type Problem = z.infer<typeof problem>;

export type ErrorAnswer = {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
};

/** What a person is told to wait before the next try, in seconds. */
const RETRY_AFTER_SECONDS = '1';

export function toProblem(error: WritError): Problem {
  const { status, title } = errorCatalogue[error.code];
  return {
    type: `urn:writ:error:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    errors: error.details.map(({ path, message }) => ({ path, message })),
  };
}

/** The answer that tells an error. AuthZEN knows no `413`: what is wrong with a request there is a 400. */
export function errorAnswer(error: WritError, style: ErrorStyle): ErrorAnswer {
  const told = toProblem(error);
  const headers = headersOf(error);
  if (style === 'problem')
    return {
      status: told.status,
      contentType: 'application/problem+json; charset=utf-8',
      body: JSON.stringify(told),
      headers,
    };
  const status = told.status === 413 || told.status === 422 ? 400 : told.status;
  return {
    status,
    contentType: 'application/json; charset=utf-8',
    body: JSON.stringify(told.detail),
    headers,
  };
}

function headersOf({ code, message }: WritError): Record<string, string> {
  if (code === 'UNAUTHENTICATED') {
    const refused = message.startsWith('no key') ? '' : ', error="invalid_token"';
    return { 'www-authenticate': `Bearer realm="writ"${refused}` };
  }
  const { status } = errorCatalogue[code];
  return status === 429 || status === 503 ? { 'retry-after': RETRY_AFTER_SECONDS } : {};
}

/** The coded error in what Fastify or Node refused before a handler saw it; `undefined` when it is ours to answer for. */
export function refusedByServer(thrown: unknown): WritError | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  const { code } = thrown;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new WritError(
      'BODY_TOO_LARGE',
      'the body is over the limit of 262144 bytes; send less',
      { cause: thrown },
    );
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH')
    return new WritError(
      'BODY_MALFORMED',
      'the body does not have the length that `content-length` says',
      { cause: thrown },
    );
  if (code === 'FST_ERR_BAD_URL')
    return new WritError('PATH_INVALID', 'the path is not valid percent-encoded UTF-8', {
      cause: thrown,
    });
  if (typeof code === 'string' && code.startsWith('FST_ERR_CTP_'))
    return new WritError(
      'BODY_MALFORMED',
      'the body can not be read; send JSON with `content-type: application/json`',
      { cause: thrown },
    );
  return undefined;
}

/** A coded error out of a code that came over the wire; codes that this release does not know become `INTERNAL`. */
export function fromWire(
  code: unknown,
  message: unknown,
  details: WritError['details'] = [],
): WritError {
  const said =
    typeof message === 'string' && message !== ''
      ? message
      : 'the role that answered gave no reason';
  return isErrorCode(code)
    ? new WritError(code, said, { details })
    : new WritError(
        'INTERNAL',
        `a role refused with a code that this release does not know: \`${String(code)}\`, ${said}`,
        { details },
      );
}
