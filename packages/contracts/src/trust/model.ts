/** The trust model of a tenant: its parameters, published as an event with everything a reader needs to repeat a score. */
import { z } from 'zod';
import { pageQuery } from '../list-query.ts';

/** Weights and fractions: at most a million, with at most 6 decimals. */
const quantity = z
  .number()
  .min(0, 'must be from 0 to 1000000')
  .max(1_000_000, 'must be from 0 to 1000000')
  .refine(
    (value) => Math.round(value * 1_000_000) / 1_000_000 === value,
    'must have at most 6 decimals',
  );
const positive = quantity.refine((value) => value > 0, 'must be more than 0');
const fraction = quantity.max(1, 'must be from 0 to 1');
const minutes = z.int().min(1).max(52_560_000);
const count = z.int().min(1).max(10_000);

const goodSeverities = { trivial: quantity, normal: quantity, high: quantity };
const badSeverities = { minor: quantity, major: quantity, critical: quantity };
const sources = { human: quantity, system: quantity, peer: quantity, self: quantity };
const caps = { perRaterOwner: quantity, perAgent: quantity, raterOwners: count };

/** What is left out stays as it is in the model that is in force. */
export const trustParameters = z.strictObject({
  halfLifeMinutes: z.strictObject({ good: minutes, bad: minutes }).partial().optional(),
  /** Ceiling of the good evidence that is left. */
  maxGood: positive.optional(),
  priorWeight: positive.optional(),
  prior: z.strictObject({ verified: fraction, unverified: fraction }).partial().optional(),
  z: positive.max(10, 'must be at most 10').optional(),
  severity: z
    .strictObject({
      good: z.strictObject(goodSeverities).partial(),
      bad: z.strictObject(badSeverities).partial(),
    })
    .partial()
    .optional(),
  source: z
    .strictObject({
      good: z.strictObject(sources).partial(),
      bad: z.strictObject(sources).partial(),
    })
    .partial()
    .optional(),
  /** Praise per agent and UTC day; `null` for no limit. */
  caps: z.strictObject(caps).nullable().optional(),
  /** What all peers together may say of an agent; `null` for no limit. */
  peers: z
    .strictObject({ maxGood: quantity, maxBad: quantity, blame: z.strictObject(caps) })
    .nullable()
    .optional(),
});

export const publishModel = z.strictObject({
  parameters: trustParameters,
  note: z.string().max(2000).nullable().default(null),
});

/** Billionths as a decimal string, exact in any language. */
const nano = z.string().regex(/^(0|[1-9]\d*)$/, 'must be a whole number of billionths');
const table = z.strictObject({ halfLifeMinutes: z.int(), entries: z.array(nano) });
const capsNano = z.strictObject({ perRaterOwner: nano, perAgent: nano, raterOwners: z.int() });
const sourcesNano = z.strictObject({ human: nano, system: nano, peer: nano, self: nano });

/** Every parameter and both decay tables, complete. */
export const trustModelData = z.strictObject({
  goodDecay: table,
  badDecay: table,
  maxGood: nano,
  priorWeight: nano,
  prior: z.strictObject({ verified: nano, unverified: nano }),
  z: nano,
  severity: z.strictObject({
    good: z.strictObject({ trivial: nano, normal: nano, high: nano }),
    bad: z.strictObject({ minor: nano, major: nano, critical: nano }),
  }),
  source: z.strictObject({ good: sourcesNano, bad: sourcesNano }),
  caps: capsNano.nullable(),
  peers: z.strictObject({ maxGood: nano, maxBad: nano, blame: capsNano }).nullable(),
});

export const trustModelVersion = z.string().regex(/^[1-9]\d{0,8}$/, 'must be a version number');

export const trustModelPublishedV1 = z.strictObject({
  version: trustModelVersion,
  model: trustModelData,
  note: z.string().nullable(),
});

/** A published model as it is shown; `name` is what decisions and scores call it. */
export const trustModelView = z.strictObject({
  name: z.string(),
  version: z.string(),
  inForce: z.boolean(),
  model: trustModelData,
  note: z.string().nullable(),
  publishedBy: z.string(),
  publishedAt: z.string(),
  seq: z.int(),
});

export const trustModelsQuery = z.strictObject({ ...pageQuery });

export type TrustParameters = z.infer<typeof trustParameters>;
export type TrustModelData = z.infer<typeof trustModelData>;
export type TrustModelView = z.infer<typeof trustModelView>;
export type TrustModelsQuery = z.infer<typeof trustModelsQuery>;
