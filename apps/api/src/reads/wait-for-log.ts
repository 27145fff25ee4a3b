/** Read-your-writes on the log itself. */
import { decodeToken, WritError } from '@writ/contracts';
import type { EventHub } from '../events/hub.ts';

export const FRESHNESS_WAIT_MS = 2_000;

type Source = {
  readonly log: { readonly cell: string };
  readonly hub: Pick<EventHub, 'lastSeq' | 'passed'>;
};

/** Waits until the log is known up to a token; throws `TOKEN_INVALID` or `STALE_STATE`. */
export async function waitForLog({ log, hub }: Source, token: string | undefined): Promise<void> {
  if (token === undefined) return;
  const { seq } = decodeToken(token, log.cell);
  if (hub.lastSeq >= seq || (await hub.passed(seq - 1, AbortSignal.timeout(FRESHNESS_WAIT_MS))))
    return;
  throw staleState(seq, hub.lastSeq);
}

export function staleState(wanted: number, reached: number): WritError {
  return new WritError(
    'STALE_STATE',
    `the state is at sequence ${reached} and did not reach ${wanted} in ${FRESHNESS_WAIT_MS} ms; try again`,
  );
}
