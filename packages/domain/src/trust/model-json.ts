import { DECAY_FRACTION_BITS, type DecayTable } from './decay.ts';
import type {
  AgentIdentity,
  BadSeverity,
  GoodSeverity,
  PraiseCaps,
  RatingSource,
  TrustModel,
} from './model.ts';

/** A decay table as JSON: entries are decimal strings in units of 2^-62. */
export interface DecayTableJson {
  readonly halfLifeMinutes: number;
  readonly entries: readonly string[];
}

interface CapsJson {
  readonly perRaterOwner: string;
  readonly perAgent: string;
  readonly raterOwners: number;
}

/** A trust model as JSON, complete with its tables; quantities are decimal strings that count billionths. */
export interface TrustModelJson {
  readonly version: string;
  readonly goodDecay: DecayTableJson;
  readonly badDecay: DecayTableJson;
  readonly maxGood: string;
  readonly priorWeight: string;
  readonly prior: Readonly<Record<AgentIdentity, string>>;
  readonly z: string;
  readonly severity: {
    readonly good: Readonly<Record<GoodSeverity, string>>;
    readonly bad: Readonly<Record<BadSeverity, string>>;
  };
  readonly source: {
    readonly good: Readonly<Record<RatingSource, string>>;
    readonly bad: Readonly<Record<RatingSource, string>>;
  };
  readonly caps: CapsJson | null;
  readonly peers: {
    readonly maxGood: string;
    readonly maxBad: string;
    readonly blame: CapsJson;
  } | null;
}

/** What a SQL function needs to repeat a reading: tables and parameters as decimal strings. */
export interface ScoreSqlTables {
  readonly version: string;
  /** Fraction bits of the tables' entries. */
  readonly fractionBits: number;
  readonly good: readonly string[];
  readonly bad: readonly string[];
  readonly priorWeight: string;
  readonly prior: Readonly<Record<AgentIdentity, string>>;
  readonly z: string;
}

/** Turns a model into the JSON that is published with it. */
export function trustModelToJson(model: TrustModel): TrustModelJson {
  const { caps, peers } = model;
  return {
    version: model.version,
    goodDecay: tableToJson(model.goodDecay),
    badDecay: tableToJson(model.badDecay),
    maxGood: model.maxGood.toString(),
    priorWeight: model.priorWeight.toString(),
    prior: mapValues(model.prior, String),
    z: model.z.toString(),
    severity: {
      good: mapValues(model.severity.good, String),
      bad: mapValues(model.severity.bad, String),
    },
    source: {
      good: mapValues(model.source.good, String),
      bad: mapValues(model.source.bad, String),
    },
    caps: caps && capsToJson(caps),
    peers: peers && {
      maxGood: peers.maxGood.toString(),
      maxBad: peers.maxBad.toString(),
      blame: capsToJson(peers.blame),
    },
  };
}

/** Turns published JSON back into the model it came from; the tables are taken as published, not made again. */
export function trustModelFromJson(json: TrustModelJson): TrustModel {
  const { caps, peers } = json;
  return {
    version: json.version,
    goodDecay: tableFromJson(json.goodDecay),
    badDecay: tableFromJson(json.badDecay),
    maxGood: BigInt(json.maxGood),
    priorWeight: BigInt(json.priorWeight),
    prior: mapValues(json.prior, BigInt),
    z: BigInt(json.z),
    severity: {
      good: mapValues(json.severity.good, BigInt),
      bad: mapValues(json.severity.bad, BigInt),
    },
    source: { good: mapValues(json.source.good, BigInt), bad: mapValues(json.source.bad, BigInt) },
    caps: caps && capsFromJson(caps),
    peers: peers && {
      maxGood: BigInt(peers.maxGood),
      maxBad: BigInt(peers.maxBad),
      blame: capsFromJson(peers.blame),
    },
  };
}

/** The tables and parameters with which SQL repeats `readTrust` step by step. */
export function scoreSqlTables(model: TrustModel): ScoreSqlTables {
  return {
    version: model.version,
    fractionBits: Number(DECAY_FRACTION_BITS),
    good: model.goodDecay.entries.map(String),
    bad: model.badDecay.entries.map(String),
    priorWeight: model.priorWeight.toString(),
    prior: mapValues(model.prior, String),
    z: model.z.toString(),
  };
}

function capsToJson({ perRaterOwner, perAgent, raterOwners }: PraiseCaps): CapsJson {
  return { perRaterOwner: perRaterOwner.toString(), perAgent: perAgent.toString(), raterOwners };
}

function capsFromJson({ perRaterOwner, perAgent, raterOwners }: CapsJson): PraiseCaps {
  return { perRaterOwner: BigInt(perRaterOwner), perAgent: BigInt(perAgent), raterOwners };
}

function tableToJson(table: DecayTable): DecayTableJson {
  return { halfLifeMinutes: table.halfLifeMinutes, entries: table.entries.map(String) };
}

function tableFromJson(json: DecayTableJson): DecayTable {
  return { halfLifeMinutes: json.halfLifeMinutes, entries: json.entries.map(BigInt) };
}

function mapValues<Key extends string, From, To>(
  record: Readonly<Record<Key, From>>,
  convert: (value: From) => To,
): Record<Key, To> {
  const converted: Partial<Record<Key, To>> = {};
  for (const key of Object.keys(record) as Key[]) converted[key] = convert(record[key]);
  return converted as Record<Key, To>;
}
