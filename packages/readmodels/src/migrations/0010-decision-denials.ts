import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table decision_denials (
      tenant text not null,
      decision_id text not null,
      key_id text not null,
      count bigint not null,
      codes jsonb not null,
      examples jsonb not null,
      from_at timestamptz not null,
      until_at timestamptz not null,
      governor text not null,
      boot text not null,
      n bigint not null,
      seq bigint not null,
      primary key (tenant, governor, boot, n)
    );
  `.execute(db);
}
