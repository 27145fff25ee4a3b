import { type Kysely, sql } from 'kysely';

/** Models of tenants beside the built-in one; the score takes either by its name. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table tenant_trust_models (
      tenant text not null,
      version text not null,
      name text not null,
      model jsonb not null,
      note text,
      published_by text not null,
      published_at timestamptz not null,
      seq bigint not null,
      primary key (tenant, version)
    );
    create index tenant_trust_models_by_name on tenant_trust_models (name);

    create table trust_models_in_force (
      tenant text primary key,
      version text not null,
      name text not null,
      model jsonb not null,
      seq bigint not null
    );

    create table trust_admin_keys (
      tenant text not null,
      key_id text not null,
      seq bigint not null,
      primary key (tenant, key_id)
    );

    create function trust_model_of(of_tenant text) returns text
    language plpgsql stable parallel safe as $body$
    begin
      return coalesce((select name from trust_models_in_force where tenant = of_tenant), 'writ-trust-1');
    end $body$;
    comment on function trust_model_of is 'the name of the trust model in force for a tenant';

    create or replace function trust_lower_bound(
      r numeric, s numeric, minute bigint, at_minute bigint, identity text default 'verified', model text default 'writ-trust-1'
    ) returns numeric
    language plpgsql stable parallel safe as $body$
    declare
      nano constant numeric := 1000000000;
      m record;
      good numeric;
      bad numeric;
      expected numeric;
      total numeric;
      z2 numeric;
      spread numeric;
      numerator numeric;
      denominator numeric;
    begin
      select b.good, b.bad, b.fraction_bits, b.prior_weight, b.prior_verified, b.prior_unverified, b.z
        into m from trust_models b where b.version = trust_lower_bound.model;
      if not found then
        select
            array(select e::numeric from jsonb_array_elements_text(t.model #> '{goodDecay,entries}')
                  with ordinality as entry(e, n) order by n) as good,
            array(select e::numeric from jsonb_array_elements_text(t.model #> '{badDecay,entries}')
                  with ordinality as entry(e, n) order by n) as bad,
            62 as fraction_bits,
            (t.model ->> 'priorWeight')::numeric as prior_weight,
            (t.model #>> '{prior,verified}')::numeric as prior_verified,
            (t.model #>> '{prior,unverified}')::numeric as prior_unverified,
            (t.model ->> 'z')::numeric as z
          into m from tenant_trust_models t where t.name = trust_lower_bound.model limit 1;
      end if;
      if not found then
        return null;
      end if;
      good := trust_decay(trunc(r * nano), m.good, at_minute - minute, m.fraction_bits);
      bad := trust_decay(trunc(s * nano), m.bad, at_minute - minute, m.fraction_bits);
      expected := good + div(
        2 * m.prior_weight * (case when identity = 'unverified' then m.prior_unverified else m.prior_verified end) + nano,
        2 * nano);
      total := good + bad + m.prior_weight;
      z2 := m.z * m.z;
      spread := div(z2 * expected * nano * ((total - expected) * nano), total * nano);
      numerator := (expected * nano + div(z2, 2) - integer_root(spread + div(z2 * z2, 4))) * nano;
      denominator := total * nano + z2;
      return div(2 * numerator + denominator, 2 * denominator) / nano;
    end $body$;
  `.execute(db);
}
