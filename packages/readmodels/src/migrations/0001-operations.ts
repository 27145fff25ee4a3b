import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table projection_positions (
      projection text primary key,
      version integer not null,
      source text not null,
      cell text not null,
      segment integer not null,
      stream_created text not null,
      seq bigint not null,
      msg_id text,
      epoch bigint not null,
      status text not null check (status in ('running', 'paused')),
      paused_seq bigint,
      paused_reason text,
      updated_at timestamptz not null default now()
    ) with (fillfactor = 50);

    create table dead_letters (
      tenant text not null,
      id text not null,
      stream text not null,
      stream_seq bigint not null,
      subject text not null,
      key_id text,
      verb text,
      headers jsonb not null,
      body text not null,
      code text not null,
      reason text not null,
      details jsonb not null,
      attempts integer not null,
      first_at text not null,
      last_at text not null,
      seq bigint not null,
      primary key (tenant, id)
    );
    create index dead_letters_newest on dead_letters (tenant, seq desc);
  `.execute(db);
}
