import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table keys (
      tenant text not null,
      key_id text not null,
      name text not null,
      role text not null,
      agents text[] not null,
      status text not null,
      expires_at text,
      until_ms bigint,
      created_by text not null,
      created_at timestamptz not null,
      revoked_by text,
      revoked_at timestamptz,
      revoke_reason text,
      created_seq bigint not null,
      seq bigint not null,
      primary key (tenant, key_id)
    );
  `.execute(db);
}
