import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table validation_rules (
      tenant text not null,
      version text not null,
      rules jsonb not null,
      note text,
      published_by text not null,
      published_at timestamptz not null,
      seq bigint not null,
      primary key (tenant, version)
    );

    create table validations (
      fact_key text primary key,
      tenant text not null,
      agent_id text not null,
      validation_id text not null,
      execution_id text,
      decision_id text,
      action text not null,
      outcome text not null,
      findings jsonb not null,
      rules_version text,
      severity text,
      asked_by text not null,
      validated_at timestamptz not null,
      event_id text not null,
      fingerprint text,
      given_under text,
      seq bigint not null
    );
    create index validations_newest on validations (tenant, seq desc);
    create index validations_of_agent on validations (tenant, agent_id, seq desc);
    create index validations_given_under on validations (given_under) where given_under is not null;
  `.execute(db);
}
