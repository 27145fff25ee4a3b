/** Asking JetStream again while a cluster elects its leaders, and what its refusals mean. */
import { setTimeout as wait } from 'node:timers/promises';
import { JetStreamApiError } from '@nats-io/jetstream';
import { toWritError, WritError } from '@writ/contracts';

/** A cluster that just started elects its leaders first. */
const PATIENCE_MS = 30_000;

/** Does the work, again and again while what goes wrong may pass. Throws `CONFIG_INVALID` or `BUS_UNAVAILABLE`. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() >= deadline || !mayPass(error)) throw failure(error);
    }
    await wait(100);
  }
}

/** Whether asking again may help. */
export function mayPass(error: unknown): boolean {
  if (error instanceof JetStreamApiError)
    return error.status === 503 || error.code === 10_008 || isJoining(error);
  return (
    error instanceof Error &&
    ['TimeoutError', 'JetStreamNotEnabled', 'NoRespondersError'].includes(error.name)
  );
}

/** A node that has not been heard of yet counts as offline. */
function isJoining({ code, message }: JetStreamApiError): boolean {
  return code === 10_005 && message.includes('offline');
}

/** What went wrong, as an error of the catalogue. */
export function failure(error: unknown): WritError {
  if (error instanceof JetStreamApiError)
    return new WritError(
      'CONFIG_INVALID',
      `JetStream refuses the topology: ${error.message} (${error.code})`,
      { cause: error },
    );
  if (error instanceof WritError) return toWritError(error);
  const why = error instanceof Error ? error.message : String(error);
  return new WritError(
    'BUS_UNAVAILABLE',
    `JetStream does not answer: ${why}; check that it is enabled and has a leader`,
    { cause: error },
  );
}
