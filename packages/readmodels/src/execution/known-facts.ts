/**
 * What retries of facts are recognised by. Ids and position are read in one statement, so "not known up to P" holds:
 * a fact that is not found here and not on its subject after P was never stored.
 */
import type { CheckedRow } from '../projection/checkpoint.ts';
import { reading, type Store } from '../store.ts';
import { factKey, type Giving, givenUnder } from './fact-key.ts';

export type FactKind = 'started' | 'reported' | 'validated' | 'feedback';

/** A fact is found by its own id, or by the idempotency key it was given under. */
export type FactQuery = Giving & { readonly kind: FactKind; readonly id: string };

export type KnownFact = {
  /** The execution's or feedback's own id, for a retry that did not name it. */
  readonly id: string;
  readonly eventId: string;
  readonly seq: number;
  readonly fingerprint: string | null;
};

export type KnownAnswer = {
  /** Found by id before it is found by key. */
  readonly fact: KnownFact | undefined;
  /** Every fact of the kind up to this sequence of the log is known; 0 before anything was projected. */
  readonly position: number;
};

export type KnownFacts = {
  /** One for each query, in their order. */
  readonly answers: readonly KnownAnswer[];
  /** Which log that is said of. */
  readonly positions: readonly CheckedRow[];
};

type FactLine = {
  readonly n: number;
  readonly id: string;
  readonly event_id: string;
  readonly seq: number;
  readonly fingerprint: string | null;
  readonly positions: readonly CheckedRow[] | null;
};

/** Looks up many facts at once. */
export async function knownFacts(store: Store, queries: readonly FactQuery[]): Promise<KnownFacts> {
  const values = [
    queries.map((query) => query.kind),
    queries.map(({ tenant, agentId, id }) => factKey(tenant, agentId, id)),
    queries.map(givenUnder),
  ];
  const { rows } = await reading(() =>
    store.pool.query<FactLine>({ name: 'known-facts', text: KNOWN_FACTS, values }),
  );
  const facts: (KnownFact | undefined)[] = queries.map(() => undefined);
  let positions: readonly CheckedRow[] = [];
  for (const row of rows) {
    if (row.n === 0) positions = row.positions ?? [];
    else
      facts[row.n - 1] ??= {
        id: row.id,
        eventId: row.event_id,
        seq: row.seq,
        fingerprint: row.fingerprint,
      };
  }
  const seqs = new Map(positions.map(({ projection, seq }) => [projection, seq]));
  const answers = queries.map(({ kind }, i) => ({
    fact: facts[i],
    position: seqs.get(projectionOf[kind]) ?? 0,
  }));
  return { answers, positions };
}

/** Each also names the table of its facts. */
const projectionOf = {
  started: 'executions',
  reported: 'executions',
  validated: 'validations',
  feedback: 'feedback',
} as const satisfies Record<FactKind, string>;

type Source = {
  readonly kind: FactKind;
  readonly id: string;
  readonly event: string;
  readonly under: string;
};

const announced =
  'announced_id as event_id, announced_seq as seq, announced_fingerprint as fingerprint';
const reported =
  'reported_id as event_id, reported_seq as seq, reported_fingerprint as fingerprint';

const sources: readonly Source[] = [
  {
    kind: 'started',
    id: 'execution_id',
    event: announced,
    under: 'announced_under',
  },
  {
    kind: 'reported',
    id: 'execution_id',
    event: reported,
    under: 'reported_under',
  },
  {
    kind: 'validated',
    id: 'validation_id',
    event: 'event_id, seq, fingerprint',
    under: 'given_under',
  },
  {
    kind: 'feedback',
    id: 'feedback_id',
    event: 'event_id, seq, fingerprint',
    under: 'given_under',
  },
];

/** Each branch is one probe of an index, whatever the statistics say. */
function probes({ kind, id, event, under }: Source): string[] {
  const probe = (rank: number, match: string) => `(select ${rank} as rank, ${id} as id, ${event}
    from ${projectionOf[kind]} f where a.kind = '${kind}' and ${match} limit 1)`;
  return [probe(1, 'f.fact_key = a.fact_key'), probe(2, `f.${under} = a.under`)];
}

const KNOWN_FACTS = `
  select 0 as n, null as id, null as event_id, 0 as seq, null as fingerprint, 0 as rank,
    json_agg(projection_positions) as positions
  from projection_positions where projection in ('executions', 'validations', 'feedback')
  union all
  select a.n::integer, f.id, f.event_id, f.seq, f.fingerprint, f.rank, null
  from unnest($1::text[], $2::text[], $3::text[]) with ordinality as a(kind, fact_key, under, n)
  cross join lateral (${sources.flatMap(probes).join('\n union all ')}) f
  where f.seq is not null
  order by n, rank`;
