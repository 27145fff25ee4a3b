/** Connections whose server says nothing any more. */
import type { PoolClient } from 'pg';

/** How `pg` says that an answer did not come within `query_timeout`. */
const SILENT = 'Query read timeout';

/**
 * Closes a connection with the first question that gets no answer in time. `pg` leaves it open: the question would stay
 * at the head of its line, and everything asked later, by whoever is given the connection next, would wait behind it.
 */
export function closeWhenSilent(client: PoolClient): void {
  const query = client.query;
  client.query = ((...asked: unknown[]) => {
    const answer: unknown = Reflect.apply(query, client, asked);
    if (answer instanceof Promise)
      answer.catch((error: unknown) => {
        if (error instanceof Error && error.message === SILENT) void client.end();
      });
    return answer;
  }) as typeof query;
}
