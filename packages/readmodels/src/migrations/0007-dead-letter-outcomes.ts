import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table dead_letters
      add column status text not null default 'waiting' check (status in ('waiting', 'handled', 'dropped')),
      add column retries integer not null default 0,
      add column outcomes jsonb not null default '[]';
    create index dead_letters_waiting on dead_letters (tenant, seq desc) where status = 'waiting';
  `.execute(db);
}
