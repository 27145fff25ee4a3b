import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table executions (
      fact_key text primary key,
      tenant text not null,
      agent_id text not null,
      execution_id text not null,
      action text not null,
      resource text not null,
      decision_id text,
      outcome text,
      severity text,
      started_at text,
      duration_ms bigint,
      cost_micros bigint,
      tokens_input bigint,
      tokens_output bigint,
      error jsonb,
      announced_at timestamptz,
      reported_at timestamptz,
      announced_seq bigint,
      announced_id text,
      announced_fingerprint text,
      announced_under text,
      reported_seq bigint,
      reported_id text,
      reported_fingerprint text,
      reported_under text,
      created_at timestamptz not null,
      created_seq bigint not null,
      seq bigint not null
    );
    create index executions_newest on executions (tenant, created_seq desc);
    create index executions_of_agent on executions (tenant, agent_id, created_seq desc);
    create index executions_announced_under on executions (announced_under) where announced_under is not null;
    create index executions_reported_under on executions (reported_under) where reported_under is not null;
  `.execute(db);
}
