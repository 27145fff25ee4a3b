import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table policy_schemas (
      tenant text not null,
      version text not null,
      engine text not null,
      schema text,
      digest text not null,
      note text,
      published_by text not null,
      published_at timestamptz not null,
      seq bigint not null,
      primary key (tenant, version)
    );
    create index policy_schemas_newest on policy_schemas (tenant, seq desc);
  `.execute(db);
}
