import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table kill_switches (
      tenant text not null,
      scope_name text not null,
      scope jsonb not null,
      engaged boolean not null,
      engaged_by text not null,
      engaged_at timestamptz not null,
      engage_reason text not null,
      released_by text,
      released_at timestamptz,
      release_reason text,
      seq bigint not null,
      primary key (tenant, scope_name)
    );
  `.execute(db);
}
