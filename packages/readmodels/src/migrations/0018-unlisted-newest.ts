import { type Kysely, sql } from 'kysely';

/** Gaps and denials are listed together, the newest first. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index decision_gaps_newest on decision_gaps (tenant, seq desc, n desc);
    create index decision_denials_newest on decision_denials (tenant, seq desc, n desc);
  `.execute(db);
}
