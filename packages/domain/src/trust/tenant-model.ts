/** The trust model of a tenant: the default one until it publishes its own, which is in force from that event on. */
import type { EventData, TrustModelData, TrustParameters } from '@writ/contracts';
import { type Decider, laterOf } from '../decider.ts';
import { createDecayTable } from './decay.ts';
import { DEFAULT_TRUST_MODEL, type TrustModel } from './model.ts';
import { trustModelFromJson, trustModelToJson } from './model-json.ts';

export type TenantModelState = {
  /** The version that was published last; 0 when none was. */
  readonly version: number;
  /** `undefined` when none was published. */
  readonly published: TrustModelData | undefined;
  readonly timeMs: number;
};

export type TenantModelCommand = {
  readonly type: 'PublishModel';
  readonly parameters: TrustParameters;
  readonly note: string | null;
};

/** What decisions and scores call a tenant's model: no two tenants of a cell have one of the same name. */
export function trustModelName(tenant: string, version: number | string): string {
  return `${tenant}/${version}`;
}

/** A published model as it is used. */
export function publishedModel(
  tenant: string,
  { version, model }: Pick<EventData<'TrustModelPublished'>, 'version' | 'model'>,
): TrustModel {
  return trustModelFromJson({ ...model, version: trustModelName(tenant, version) });
}

/** The model that a tenant published last; `undefined` when it published none. */
export function ownModelOf(
  tenant: string,
  { version, published }: TenantModelState,
): TrustModel | undefined {
  return published && publishedModel(tenant, { version: String(version), model: published });
}

export const tenantModel: Decider<TenantModelState, TenantModelCommand, 'TrustModelPublished'> = {
  initial: () => ({ version: 0, published: undefined, timeMs: 0 }),
  decide({ version, published }, { parameters, note }) {
    const current = published ?? dataOf(DEFAULT_TRUST_MODEL);
    const model = withParameters(current, parameters);
    if (published !== undefined && JSON.stringify(model) === JSON.stringify(published)) return [];
    return [{ type: 'TrustModelPublished', data: { version: String(version + 1), model, note } }];
  },
  evolve: (state, { data, timeMs }) => ({
    version: Number(data.version),
    published: data.model,
    timeMs: laterOf(state.timeMs, timeMs),
  }),
};

function dataOf(model: TrustModel): TrustModelData {
  const { version: _, ...data } = trustModelToJson(model);
  // Mutable arrays are what schemas infer; nobody changes them.
  return data as TrustModelData;
}

function withParameters(current: TrustModelData, given: TrustParameters): TrustModelData {
  const { severity, source, prior, caps, peers, halfLifeMinutes } = given;
  return {
    goodDecay: tableOf(current.goodDecay, halfLifeMinutes?.good),
    badDecay: tableOf(current.badDecay, halfLifeMinutes?.bad),
    maxGood: nanoOf(given.maxGood) ?? current.maxGood,
    priorWeight: nanoOf(given.priorWeight) ?? current.priorWeight,
    prior: overlaid(current.prior, prior),
    z: nanoOf(given.z) ?? current.z,
    severity: {
      good: overlaid(current.severity.good, severity?.good),
      bad: overlaid(current.severity.bad, severity?.bad),
    },
    source: {
      good: overlaid(current.source.good, source?.good),
      bad: overlaid(current.source.bad, source?.bad),
    },
    caps: caps === undefined ? current.caps : caps && capsOf(caps),
    peers:
      peers === undefined
        ? current.peers
        : peers && {
            maxGood: nanoText(peers.maxGood),
            maxBad: nanoText(peers.maxBad),
            blame: capsOf(peers.blame),
          },
  };
}

function tableOf(
  current: TrustModelData['goodDecay'],
  halfLifeMinutes: number | undefined,
): TrustModelData['goodDecay'] {
  if (halfLifeMinutes === undefined || halfLifeMinutes === current.halfLifeMinutes) return current;
  return { halfLifeMinutes, entries: createDecayTable(halfLifeMinutes).entries.map(String) };
}

function capsOf({
  perRaterOwner,
  perAgent,
  raterOwners,
}: NonNullable<TrustParameters['caps']>): NonNullable<TrustModelData['caps']> {
  return { perRaterOwner: nanoText(perRaterOwner), perAgent: nanoText(perAgent), raterOwners };
}

function overlaid<Key extends string>(
  current: Readonly<Record<Key, string>>,
  given: { readonly [K in Key]?: number | undefined } | undefined,
): Record<Key, string> {
  const merged: Record<Key, string> = { ...current };
  for (const key of Object.keys(current) as Key[])
    merged[key] = nanoOf(given?.[key]) ?? current[key];
  return merged;
}

function nanoOf(value: number | undefined): string | undefined {
  return value === undefined ? undefined : nanoText(value);
}

/** Parameters have at most 6 decimals, so this is exact. */
function nanoText(value: number): string {
  return (BigInt(Math.round(value * 1_000_000)) * 1000n).toString();
}
