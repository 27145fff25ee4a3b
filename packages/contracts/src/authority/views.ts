/** Grants, policies and decisions as they are shown, and how lists of them are filtered. */
import { z } from 'zod';
import { denyCodes } from '../errors.ts';
import { agentId, uuid } from '../ids.ts';
import { listedText, pageQuery, timeQuery } from '../list-query.ts';
import { decisionInputs } from './decision-record.ts';
import { outcome, reason } from './evaluation.ts';
import { grantConditions } from './grant.ts';

/** `not_yet` and `expired` are as of the moment it is shown; what was handed on is revoked with what it is from. */
export const grantStatus = z.enum(['active', 'not_yet', 'expired', 'revoked']);

const grantName = z.strictObject({ grantId: z.string(), agentId: z.string() });

export const grantView = z.strictObject({
  grantId: z.string(),
  agentId: z.string(),
  status: grantStatus,
  actions: z.array(z.string()),
  resources: z.array(z.string()),
  notBefore: z.string().nullable(),
  expiresAt: z.string().nullable(),
  conditions: grantConditions,
  /** How many times it may be handed on. */
  delegable: z.int(),
  /** The grant that it was handed on from, and whose that one is. */
  parent: grantName.nullable(),
  /** How many times it was handed on: 0 where it was issued. */
  depth: z.int(),
  reason: z.string().nullable(),
  issuedBy: z.string(),
  issuedAt: z.string(),
  revoked: z
    .strictObject({
      by: z.string(),
      at: z.string(),
      reason: z.string().nullable(),
      /** The grant that was revoked, where it is one that this one was handed on from. */
      through: grantName.nullable(),
    })
    .nullable(),
  /** How often it was used and still may be; null where `maxUses` does not limit it. */
  uses: z.strictObject({ used: z.int(), left: z.int() }).nullable(),
  seq: z.int(),
});

export const grantsQuery = z.strictObject({
  ...pageQuery,
  ...timeQuery,
  agentId: agentId.optional(),
  /** A name; grants whose patterns cover it are shown. */
  action: listedText.optional(),
  resource: listedText.optional(),
  status: grantStatus.optional(),
  /** Those that were handed on from this grant. */
  parent: uuid.optional(),
});

/** A published version of the policies, without their text. */
export const policyVersionView = z.strictObject({
  version: z.string(),
  engine: z.string(),
  digest: z.string(),
  active: z.boolean(),
  policyIds: z.array(z.string()),
  note: z.string().nullable(),
  publishedBy: z.string(),
  publishedAt: z.string(),
  /** When it was made the one that decides, last. */
  activated: z.strictObject({ by: z.string(), at: z.string() }).nullable(),
  seq: z.int(),
});

export const policyVersionDetailView = z.strictObject({
  ...policyVersionView.shape,
  policies: z.record(z.string(), z.string()),
});

/** The tenant's schema in force; `schema` is null where it was withdrawn. */
export const policySchemaView = z.strictObject({
  version: z.string(),
  engine: z.string(),
  schema: z.string().nullable(),
  digest: z.string(),
  note: z.string().nullable(),
  publishedBy: z.string(),
  publishedAt: z.string(),
  seq: z.int(),
});

export const policiesQuery = z.strictObject(pageQuery);

export const decisionView = z.strictObject({
  decisionId: z.string(),
  agentId: z.string(),
  action: z.string(),
  resource: z.string(),
  outcome,
  code: z.enum(denyCodes).nullable(),
  reasons: z.array(reason),
  policies: z.array(z.string()),
  obligations: z.array(z.record(z.string(), z.unknown())),
  ignored: z.array(z.string()),
  /** Log-only policies that would have denied what was allowed. */
  wouldDeny: z.array(z.string()),
  /** The score it was decided with. */
  trust: z.int().nullable(),
  keyId: z.string(),
  policyVersion: z.string().nullable(),
  policyDigest: z.string(),
  evaluatedAt: z.string(),
  /** The sequence of the log it was decided on. */
  seq: z.int(),
});

/** One decision with every input by value, and where it is recorded. */
export const decisionDetailView = z.strictObject({
  ...decisionView.shape,
  inputs: decisionInputs,
  record: z.strictObject({
    governor: z.string(),
    boot: z.string(),
    n: z.int(),
    durability: z.enum(['buffered', 'required']),
    /** The sequence of its batch in the decision log. */
    seq: z.int(),
  }),
});

/** What the decision log does not hold one by one: lost by a crash, or denials that were too many. */
export const unlistedDecisionsView = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('gap'),
    governor: z.string(),
    /** At most so many buffered records of the boot before are missing. */
    mayBeMissing: z.int(),
    lastRecorded: z.int(),
    at: z.string(),
    seq: z.int(),
  }),
  z.strictObject({
    kind: z.literal('denials'),
    governor: z.string(),
    /** The id that the answers of all of them carry. */
    decisionId: z.string(),
    keyId: z.string(),
    count: z.int(),
    codes: z.record(z.string(), z.int()),
    examples: z.array(
      z.strictObject({ agentId: z.string(), action: z.string(), resource: z.string() }),
    ),
    at: z.string(),
    seq: z.int(),
  }),
]);

export const unlistedDecisionsQuery = z.strictObject(pageQuery);

export const decisionsQuery = z.strictObject({
  ...pageQuery,
  ...timeQuery,
  agentId: agentId.optional(),
  action: listedText.optional(),
  resource: listedText.optional(),
  outcome: outcome.optional(),
  code: z.enum(denyCodes).optional(),
  /** Only those that a log-only policy would have denied. */
  flipped: z.literal('true').optional(),
});

export type UnlistedDecisionsView = z.infer<typeof unlistedDecisionsView>;
export type GrantView = z.infer<typeof grantView>;
export type GrantsQuery = z.infer<typeof grantsQuery>;
export type PolicyVersionView = z.infer<typeof policyVersionView>;
export type PolicyVersionDetailView = z.infer<typeof policyVersionDetailView>;
export type PolicySchemaView = z.infer<typeof policySchemaView>;
export type PoliciesQuery = z.infer<typeof policiesQuery>;
export type DecisionView = z.infer<typeof decisionView>;
export type DecisionDetailView = z.infer<typeof decisionDetailView>;
export type DecisionsQuery = z.infer<typeof decisionsQuery>;
