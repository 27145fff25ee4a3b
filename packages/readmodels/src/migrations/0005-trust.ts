import { type Kysely, sql } from 'kysely';

/**
 * The functions repeat `readTrust` of the domain on the same integers: evidence in billionths, decay factors in units
 * of 2^-62, every division rounded as there. `div` of numerics is exact and rounds towards zero.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table trust_models (
      version text primary key,
      good numeric[] not null,
      bad numeric[] not null,
      fraction_bits integer not null,
      prior_weight numeric not null,
      prior_verified numeric not null,
      prior_unverified numeric not null,
      z numeric not null
    );

    create table trust (
      tenant text not null,
      agent_id text not null,
      r numeric not null,
      s numeric not null,
      minute bigint not null,
      identity text not null,
      owner text,
      latched_by bigint,
      fact_count bigint not null,
      state jsonb not null,
      updated_at timestamptz not null,
      seq bigint not null,
      primary key (tenant, agent_id)
    );

    create table trust_facts (
      tenant text not null,
      agent_id text not null,
      seq bigint not null,
      kind text not null,
      minute bigint not null,
      weight numeric not null,
      r numeric not null,
      s numeric not null,
      limited_by text,
      latches boolean not null,
      primary key (tenant, agent_id, seq)
    );

    create table feedback (
      fact_key text primary key,
      tenant text not null,
      agent_id text not null,
      feedback_id text not null,
      execution_id text,
      rating double precision not null,
      source text not null,
      rater text not null,
      severity text not null,
      comment text,
      given_by text not null,
      given_at timestamptz not null,
      event_id text not null,
      fingerprint text,
      given_under text,
      seq bigint not null
    );
    create index feedback_newest on feedback (tenant, seq desc);
    create index feedback_of_agent on feedback (tenant, agent_id, seq desc);
    create index feedback_given_under on feedback (given_under) where given_under is not null;

    create function trust_decay(value numeric, entries numeric[], minutes bigint, fraction_bits integer) returns numeric
    language plpgsql immutable parallel safe as $body$
    declare
      one constant numeric := (1::bigint << fraction_bits)::numeric;
      half constant numeric := (1::bigint << (fraction_bits - 1))::numeric;
      factor numeric := one;
      digits bigint := least(minutes, (1::bigint << cardinality(entries)) - 1);
      entry numeric;
    begin
      if value = 0 or minutes <= 0 then
        return value;
      end if;
      foreach entry in array entries loop
        exit when digits <= 0;
        if digits % 2 = 1 then
          factor := case when factor = one then entry else div(factor * entry + half, one) end;
        end if;
        digits := digits / 2;
      end loop;
      return div(value * factor + half, one);
    end $body$;

    create function integer_root(value numeric) returns numeric
    language plpgsql immutable strict parallel safe as $body$
    declare
      root numeric := trunc(sqrt(value));
    begin
      while root * root > value loop
        root := root - 1;
      end loop;
      while (root + 1) * (root + 1) <= value loop
        root := root + 1;
      end loop;
      return root;
    end $body$;

    create function trust_lower_bound(
      r numeric, s numeric, minute bigint, at_minute bigint, identity text default 'verified', model text default 'writ-trust-1'
    ) returns numeric
    language plpgsql stable parallel safe as $body$
    declare
      nano constant numeric := 1000000000;
      m trust_models;
      good numeric;
      bad numeric;
      expected numeric;
      total numeric;
      z2 numeric;
      spread numeric;
      numerator numeric;
      denominator numeric;
    begin
      select * into m from trust_models where version = model;
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
    comment on function trust_lower_bound is 'the lower bound of trust at a minute, 0 to 1 with 9 decimals';

    create function trust_score(
      r numeric, s numeric, minute bigint, at_minute bigint, identity text default 'verified', model text default 'writ-trust-1'
    ) returns integer
    language sql stable parallel safe
    return trunc(trust_lower_bound(r, s, minute, at_minute, identity, model) * 1000)::integer;
    comment on function trust_score is 'the score of trust at a minute since 1970, 0 to 1000; minutes before the evidence read like it';
  `.execute(db);
}
