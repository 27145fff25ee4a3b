import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table grants
      add column delegable integer not null default 0,
      add column parent_grant_id text,
      add column parent_agent_id text;
    create index grants_handed_on on grants (tenant, parent_grant_id) where parent_grant_id is not null;
  `.execute(db);
}
