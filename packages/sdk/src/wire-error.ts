/** Turns what goes wrong on the bus into errors with a code. */
import { errorBody, isErrorCode, isRetryable, WritError } from '@writ/contracts';
import { errors } from '@nats-io/transport-node';

/** Said by the other side to be worth another try, whatever this release knows of the code. */
const retryableByWire = new WeakSet<WritError>();

/** Whether another try of the same call may succeed. */
export function mayPass(thrown: unknown): boolean {
  if (!(thrown instanceof WritError)) return false;
  return retryableByWire.has(thrown) || (isRetryable(thrown.code) && !closedForGood(thrown.cause));
}

/** The error inside `{"ok":false,"error":…}`; `undefined` for any other reply. */
export function refusalIn(reply: unknown): WritError | undefined {
  if (typeof reply !== 'object' || reply === null || !('ok' in reply) || reply.ok !== false)
    return undefined;
  const parsed = 'error' in reply ? errorBody.safeParse(reply.error) : undefined;
  if (!parsed?.success)
    return new WritError('INTERNAL', 'the bus refused without saying why; update the SDK');
  const { code, message, details, retryable } = parsed.data;
  const error = isErrorCode(code)
    ? new WritError(code, message, { details })
    : new WritError('INTERNAL', `${message} (code \`${code}\`, which this release does not know)`, {
        details,
      });
  if (retryable) retryableByWire.add(error);
  return error;
}

/** The coded error of a call that got no reply at all. */
export function noReply(thrown: unknown, asked: string): WritError {
  const causes = [thrown, thrown instanceof Error ? thrown.cause : undefined];
  const is = (kind: (cause: unknown) => boolean): boolean => causes.some(kind);
  if (is((cause) => cause instanceof errors.TimeoutError))
    return new WritError(
      'TIMEOUT',
      `no answer to ${asked} came in time; whether it was done is not known`,
      { cause: thrown },
    );
  if (is((cause) => cause instanceof errors.NoRespondersError))
    return new WritError(
      'SERVICE_UNAVAILABLE',
      `no role that answers ${asked} is running; start one`,
      { cause: thrown },
    );
  if (is((cause) => cause instanceof errors.PermissionViolationError))
    return new WritError(
      'NOT_ALLOWED',
      `the key may not send ${asked}; use a key with the role for it`,
      { cause: thrown },
    );
  if (closedForGood(thrown))
    return new WritError('BUS_UNAVAILABLE', `${asked} can not be sent: the connection is closed`, {
      cause: thrown,
    });
  return new WritError('BUS_UNAVAILABLE', `${asked} could not be sent`, { cause: thrown });
}

function closedForGood(thrown: unknown): boolean {
  return (
    thrown instanceof errors.ClosedConnectionError ||
    thrown instanceof errors.DrainingConnectionError
  );
}
