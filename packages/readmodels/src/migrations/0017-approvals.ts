import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table approvals (
      tenant text not null,
      approval_id text not null,
      agent_id text not null,
      status text not null,
      action text not null,
      resource text not null,
      context jsonb not null,
      arguments_hash text not null,
      required_by jsonb not null,
      approvals_needed integer not null,
      expires_at text not null,
      until_ms bigint not null,
      requested_by text not null,
      requested_at timestamptz not null,
      decisions jsonb not null,
      used_for text,
      used_at timestamptz,
      created_seq bigint not null,
      seq bigint not null,
      primary key (tenant, approval_id)
    );
    create index approvals_newest on approvals (tenant, created_seq desc);
    create index approvals_of_agent on approvals (tenant, agent_id, created_seq desc);
    create index approvals_pending on approvals (tenant, created_seq desc) where status = 'pending';
  `.execute(db);
}
