import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table decisions add column would_deny text[] not null default '{}';
    create index decisions_flipped on decisions (tenant, seq desc, ordinal desc) where would_deny <> '{}';
  `.execute(db);
}
