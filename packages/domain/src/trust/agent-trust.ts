import type { Evidence } from './evidence.ts';
import { formatNano } from './fixed-point.ts';
import type { AgentIdentity } from './model.ts';

/** What one rater owner's praise has already weighed on the current day, in billionths. */
export interface OwnerPraise {
  readonly owner: string;
  readonly weight: bigint;
}

/** Praise an agent has received on one UTC day (days since 1970-01-01), in billionths of weight. */
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
  /** Sequence of the critical event that suspended the agent, until a person clears it. */
  readonly latchedBy: number | null;
  readonly praise: DayPraise;
  /** Executions and ratings folded so far, weightless ones included. */
  readonly factCount: number;
  readonly owner: string | null;
  readonly identity: AgentIdentity;
}

/** `AgentTrust` as JSON: bigints are decimal strings that count billionths. */
export interface AgentTrustJson {
  readonly r: string;
  readonly s: string;
  readonly minute: number;
  readonly latchedBy: number | null;
  readonly praise: {
    readonly day: number;
    readonly total: string;
    readonly byOwner: readonly { readonly owner: string; readonly weight: string }[];
  };
  readonly factCount: number;
  readonly owner: string | null;
  readonly identity: AgentIdentity;
}

const NEWCOMER: AgentTrust = {
  r: 0n,
  s: 0n,
  minute: 0,
  latchedBy: null,
  praise: { day: 0, total: 0n, byOwner: [] },
  factCount: 0,
  owner: null,
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
    latchedBy: trust.latchedBy,
    praise: {
      day: trust.praise.day,
      total: trust.praise.total.toString(),
      byOwner: trust.praise.byOwner.map(({ owner, weight }) => ({
        owner,
        weight: weight.toString(),
      })),
    },
    factCount: trust.factCount,
    owner: trust.owner,
    identity: trust.identity,
  };
}

/** Turns the JSON of `trustToJson` back into trust. */
export function trustFromJson(json: AgentTrustJson): AgentTrust {
  return {
    r: BigInt(json.r),
    s: BigInt(json.s),
    minute: json.minute,
    latchedBy: json.latchedBy,
    praise: {
      day: json.praise.day,
      total: BigInt(json.praise.total),
      byOwner: json.praise.byOwner.map(({ owner, weight }) => ({ owner, weight: BigInt(weight) })),
    },
    factCount: json.factCount,
    owner: json.owner,
    identity: json.identity,
  };
}

/** Good and bad evidence as decimals with 9 decimals, for `numeric` columns. */
export function trustNumerics(evidence: Evidence): { readonly r: string; readonly s: string } {
  return { r: formatNano(evidence.r), s: formatNano(evidence.s) };
}
