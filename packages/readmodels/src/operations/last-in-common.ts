/** Up to where rows and the log tell the same story, when they no longer do at the end. */
import type { Pool } from 'pg';
import { reading } from '../store.ts';

type Fact = { readonly seq: number; readonly id: string };

/**
 * The last sequence at which a fact in the rows is the event that the log has there; 0 when there is none. Facts are
 * looked at by halves, so it is some twenty questions to the log whatever its length.
 */
export async function lastInCommon(
  pool: Pool,
  log: { readonly lastSeq: number; readonly idAt: (seq: number) => Promise<string | undefined> },
): Promise<number> {
  let common = 0;
  let differing = log.lastSeq + 1;
  while (common + 1 < differing) {
    const fact = await factBetween(pool, common, differing);
    if (fact === undefined) return common;
    if ((await log.idAt(fact.seq)) === fact.id) common = fact.seq;
    else differing = fact.seq;
  }
  return common;
}

/** A fact of the rows near the middle of a range, its ends left out. */
async function factBetween(pool: Pool, after: number, before: number): Promise<Fact | undefined> {
  const middle = Math.floor((after + before) / 2);
  const { rows } = await reading(() => pool.query<Fact>(NEAREST, [after, before, middle]));
  return rows[0];
}

const NEAREST = `
  select seq, id from (
    select seq, event_id as id from feedback
    union all select reported_seq, reported_id from executions where reported_seq is not null
    union all select announced_seq, announced_id from executions where announced_seq is not null
  ) f where seq > $1 and seq < $2 order by abs(seq - $3), seq limit 1`;
