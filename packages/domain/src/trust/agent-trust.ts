import type { Evidence } from './evidence.ts';
import { formatNano } from './fixed-point.ts';
import type { AgentIdentity } from './model.ts';

/** What one rater owner's praise has already weighed on the current day, in billionths. */
export interface OwnerPraise {
  readonly owner: string;
  readonly weight: bigint;
}

/** What an agent was praised, or blamed, on one UTC day (days since 1970-01-01), in billionths of weight. */
export interface DayPraise {
  readonly day: number;
  readonly total: bigint;
  /** In the order of each owner's first praise of that day. */
  readonly byOwner: readonly OwnerPraise[];
}

/** Everything trust knows about one agent; immutable. */
export interface AgentTrust {
  /** Good evidence remaining at `minute`, in billionths. */
  readonly r: bigint;
  /** Bad evidence remaining at `minute`, in billionths. */
  readonly s: bigint;
  /** Minute of the latest evidence; it never goes back. */
  readonly minute: number;
  /** What of `r` and `s` came from peers. */
  readonly peers: Evidence;
  /** Sequence of the critical event that suspended the agent, until a person clears it. */
  readonly latchedBy: number | null;
  readonly praise: DayPraise;
  /** Blame by peers on one day. */
  readonly blame: DayPraise;
  /** Executions and ratings folded so far, weightless ones included. */
  readonly factCount: number;
  readonly owner: string | null;
  /** The keys that registered it, but for those of admins, who may rate as they like anyway. */
  readonly registrars: readonly string[];
  readonly identity: AgentIdentity;
}

interface DayPraiseJson {
  readonly day: number;
  readonly total: string;
  readonly byOwner: readonly { readonly owner: string; readonly weight: string }[];
}

/** `AgentTrust` as JSON: bigints are decimal strings that count billionths. */
export interface AgentTrustJson {
  readonly r: string;
  readonly s: string;
  readonly minute: number;
  readonly peers: { readonly r: string; readonly s: string };
  readonly latchedBy: number | null;
  readonly praise: DayPraiseJson;
  readonly blame: DayPraiseJson;
  readonly factCount: number;
  readonly owner: string | null;
  readonly registrars: readonly string[];
  readonly identity: AgentIdentity;
}

const NEWCOMER: AgentTrust = {
  r: 0n,
  s: 0n,
  minute: 0,
  peers: { r: 0n, s: 0n },
  latchedBy: null,
  praise: { day: 0, total: 0n, byOwner: [] },
  blame: { day: 0, total: 0n, byOwner: [] },
  factCount: 0,
  owner: null,
  registrars: [],
  identity: 'verified',
};

/** The trust of an agent nothing is known about. */
export function initialTrust(): AgentTrust {
  return NEWCOMER;
}

/** Turns trust into JSON whose bytes depend on the folded facts only. */
export function trustToJson(trust: AgentTrust): AgentTrustJson {
  return {
    r: trust.r.toString(),
    s: trust.s.toString(),
    minute: trust.minute,
    peers: { r: trust.peers.r.toString(), s: trust.peers.s.toString() },
    latchedBy: trust.latchedBy,
    praise: dayToJson(trust.praise),
    blame: dayToJson(trust.blame),
    factCount: trust.factCount,
    owner: trust.owner,
    registrars: trust.registrars,
    identity: trust.identity,
  };
}

/** Turns the JSON of `trustToJson` back into trust. */
export function trustFromJson(json: AgentTrustJson): AgentTrust {
  return {
    r: BigInt(json.r),
    s: BigInt(json.s),
    minute: json.minute,
    peers: { r: BigInt(json.peers.r), s: BigInt(json.peers.s) },
    latchedBy: json.latchedBy,
    praise: dayFromJson(json.praise),
    blame: dayFromJson(json.blame),
    factCount: json.factCount,
    owner: json.owner,
    registrars: json.registrars,
    identity: json.identity,
  };
}

function dayToJson({ day, total, byOwner }: DayPraise): DayPraiseJson {
  return {
    day,
    total: total.toString(),
    byOwner: byOwner.map(({ owner, weight }) => ({ owner, weight: weight.toString() })),
  };
}

function dayFromJson({ day, total, byOwner }: DayPraiseJson): DayPraise {
  return {
    day,
    total: BigInt(total),
    byOwner: byOwner.map(({ owner, weight }) => ({ owner, weight: BigInt(weight) })),
  };
}

/** Good and bad evidence as decimals with 9 decimals, for `numeric` columns. */
export function trustNumerics(evidence: Evidence): { readonly r: string; readonly s: string } {
  return { r: formatNano(evidence.r), s: formatNano(evidence.s) };
}
