import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table grants (
      tenant text not null,
      grant_id text not null,
      agent_id text not null,
      status text not null,
      actions text[] not null,
      resources text[] not null,
      not_before text,
      expires_at text,
      from_ms bigint,
      until_ms bigint,
      conditions jsonb not null,
      reason text,
      issued_by text not null,
      issued_at timestamptz not null,
      revoked_by text,
      revoked_at timestamptz,
      revoke_reason text,
      created_seq bigint not null,
      seq bigint not null,
      primary key (tenant, grant_id)
    );
    create index grants_newest on grants (tenant, created_seq desc);
    create index grants_of_agent on grants (tenant, agent_id, created_seq desc);

    create table policy_versions (
      tenant text not null,
      version text not null,
      engine text not null,
      policies jsonb not null,
      digest text not null,
      note text,
      active boolean not null,
      published_by text not null,
      published_at timestamptz not null,
      activated_by text,
      activated_at timestamptz,
      created_seq bigint not null,
      seq bigint not null,
      primary key (tenant, version)
    );

    create table decisions (
      tenant text not null,
      decision_id text not null,
      agent_id text not null,
      action text not null,
      resource text not null,
      outcome text not null,
      code text,
      reasons jsonb not null,
      policies text[] not null,
      obligations jsonb not null,
      ignored text[] not null,
      trust integer,
      key_id text not null,
      policy_version text,
      policy_digest text not null,
      evaluated_at timestamptz not null,
      events_seq bigint not null,
      inputs jsonb not null,
      governor text not null,
      boot text not null,
      n bigint not null,
      durability text not null,
      seq bigint not null,
      ordinal integer not null,
      primary key (tenant, decision_id)
    );
    create index decisions_newest on decisions (tenant, seq desc, ordinal desc);
    create index decisions_of_agent on decisions (tenant, agent_id, seq desc, ordinal desc);

    create table decision_gaps (
      tenant text not null,
      governor text not null,
      boot text not null,
      n bigint not null,
      previous_boot text not null,
      last_recorded bigint not null,
      may_be_missing bigint not null,
      noticed_at timestamptz not null,
      seq bigint not null,
      primary key (tenant, governor, boot, n)
    );
  `.execute(db);
}
