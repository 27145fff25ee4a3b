import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table agents (
      tenant text not null,
      agent_id text not null,
      status text not null,
      version text not null,
      name text not null,
      type text not null,
      capabilities text[] not null,
      runtime jsonb not null,
      owner text,
      labels jsonb not null,
      registered_by text not null,
      registered_at timestamptz not null,
      updated_at timestamptz not null,
      created_seq bigint not null,
      seq bigint not null,
      primary key (tenant, agent_id)
    );
    create index agents_newest on agents (tenant, created_seq desc);

    create table agent_versions (
      tenant text not null,
      agent_id text not null,
      version text not null,
      name text not null,
      type text not null,
      capabilities text[] not null,
      runtime jsonb not null,
      owner text,
      labels jsonb not null,
      registered_by text not null,
      registered_at timestamptz not null,
      seq bigint not null,
      primary key (tenant, agent_id, version)
    );
  `.execute(db);
}
