/** The decision log: each record holds every input of the decision by value, so that it can be decided again. */
import { z } from 'zod';
import { grantConditions } from './grant.ts';
import { killSwitchScope } from './kill-switch.ts';
import { outcome, reason } from './evaluation.ts';
import { denyCodes } from '../errors.ts';

/** A value that policies can see: text, whole numbers, truth, and lists and records of them. */
export type PolicyValue =
  | string
  | number
  | boolean
  | readonly PolicyValue[]
  | { readonly [name: string]: PolicyValue };

export const policyValue: z.ZodType<PolicyValue> = z.lazy(() =>
  z.union([
    z.string(),
    z.int(),
    z.boolean(),
    z.array(policyValue),
    z.record(z.string(), policyValue),
  ]),
);

/** A grant that matched action, resource and time, as it was read. */
export const matchedGrant = z.strictObject({
  grantId: z.string(),
  expiresAt: z.string().nullable(),
  conditions: grantConditions,
  /** What it was handed on from, the nearest first; absent where nobody handed it on. */
  handedOnFrom: z.array(z.strictObject({ grantId: z.string(), agentId: z.string() })).optional(),
});

/** The approval that stood for these arguments, as it was read. */
export const readApproval = z.strictObject({
  approvalId: z.string(),
  status: z.enum(['pending', 'approved', 'rejected', 'expired']),
  /** What was to be approved, by its hash. */
  argumentsHash: z.string(),
  requiredBy: z.array(z.strictObject({ kind: z.enum(['policy', 'grant']), id: z.string() })),
  approvedBy: z.array(z.string()),
  expiresAt: z.string(),
});

/** What is left of a limit of a matched grant, or of one that it was handed on from, as it was read. */
export const limitReading = z.strictObject({
  /** The matched grant that it limits. */
  grantId: z.string(),
  /** Whose limit it is: the grant's own, or one of those before it. */
  by: z.strictObject({ grantId: z.string(), agentId: z.string() }),
  kind: z.enum(['uses', 'window', 'cost', 'tokens']),
  /** True when what an allow takes is reserved in the log before it is given. */
  reserved: z.boolean(),
  used: z.int(),
  limit: z.int(),
  /** What this question would take; null where it has to say so and did not. */
  asks: z.int().nullable(),
  /** The time over which it is counted; null for ever. */
  seconds: z.int().nullable(),
  /** When there is room for what is asked, in milliseconds; null where there is already, or never will be. */
  roomAtMs: z.int().nullable(),
  /** Up to which sequence of DECISIONS the allows of others were counted; left out where they are not read from there. */
  decisionsSeq: z.int().optional(),
});

/** Everything that `decideAccess` reads, by value. Times in milliseconds since 1970. */
export const decisionInputs = z.strictObject({
  tenant: z.string(),
  key: z.strictObject({
    keyId: z.string(),
    status: z.enum(['active', 'revoked', 'expired', 'unknown']),
    speaksForAgent: z.boolean(),
  }),
  request: z.strictObject({
    agentId: z.string(),
    /** The type that the agent must have registered with; absent where any will do. */
    subjectType: z.string().optional(),
    action: z.string(),
    resource: z.strictObject({ type: z.string(), id: z.string() }),
    /** Only what the active policies and the grants' conditions read. */
    context: z.record(z.string(), policyValue),
  }),
  /** Attributes that were asked about but can not be shown to a policy, with why. */
  unusable: z.array(z.string()),
  /** What log-only policies were shown of the context; there where they read it. */
  logOnly: z
    .strictObject({
      context: z.record(z.string(), policyValue),
      /** Names of attributes that they read and that can not be shown. */
      unusable: z.array(z.string()),
    })
    .optional(),
  agent: z
    .strictObject({
      status: z.enum(['active', 'suspended', 'retired']),
      latched: z.boolean(),
      type: z.string(),
      version: z.string(),
      owner: z.string().nullable(),
      capabilities: z.array(z.string()),
      labels: z.record(z.string(), z.string()),
    })
    .nullable(),
  /** The kill switch that stops the agent, the widest where there are several; absent when none does. */
  killSwitch: z.strictObject({ scope: killSwitchScope, sinceMs: z.int() }).optional(),
  grants: z.array(matchedGrant),
  /** Left out where no matched grant is limited. */
  limits: z.array(limitReading).optional(),
  /** Grants that would have matched at another time; a few of them. */
  missed: z.array(
    z.strictObject({
      grantId: z.string(),
      why: z.enum(['expired', 'not_yet', 'revoked', 'stopped', 'retired']),
      /** The grant it was handed on from that this is said of; absent where it is said of itself. */
      through: z.strictObject({ grantId: z.string(), agentId: z.string() }).optional(),
    }),
  ),
  /** Read only where an answer asks for one; null where none stood, left out where it was not asked for. */
  approval: readApproval.nullable().optional(),
  trust: z
    .strictObject({
      score: z.int(),
      model: z.string(),
      r: z.string(),
      s: z.string(),
      minute: z.int(),
    })
    .nullable(),
  policies: z.strictObject({ version: z.string().nullable(), digest: z.string() }),
  /** The tenant's schema, there where it has one. */
  schema: z.strictObject({ version: z.string(), digest: z.string() }).optional(),
  engine: z.strictObject({ name: z.string(), version: z.string() }),
  nowMs: z.int(),
  seq: z.int(),
});

/** Records of a tenant are numbered per boot of a governor, from 1 and without holes. */
const numbering = { governor: z.string(), boot: z.string(), n: z.int() };

export const decisionRecord = z.strictObject({
  kind: z.literal('decision'),
  ...numbering,
  decisionId: z.string(),
  inputs: decisionInputs,
  outcome,
  code: z.enum(denyCodes).nullable(),
  reasons: z.array(reason),
  determining: z.array(z.string()),
  /** Log-only policies that would have denied what was allowed. */
  wouldDeny: z.array(z.string()).optional(),
  /** The grant that an allow counts against, where any grant is limited. */
  restsOn: z.string().optional(),
  obligations: z.array(z.record(z.string(), z.unknown())),
  ignored: z.array(z.string()),
  durability: z.enum(['buffered', 'required']),
});

/** Written by the boot after a crash: how many records of the boot before it may be missing. */
export const decisionGap = z.strictObject({
  kind: z.literal('gap'),
  ...numbering,
  previousBoot: z.string(),
  lastRecorded: z.int(),
  mayBeMissing: z.int(),
  nowMs: z.int(),
});

/** Stands for the denials of one key within a second that were too many to be recorded one by one. */
export const decisionDenials = z.strictObject({
  kind: z.literal('denials'),
  ...numbering,
  /** The id that their answers carry. */
  decisionId: z.string(),
  keyId: z.string(),
  fromMs: z.int(),
  untilMs: z.int(),
  count: z.int(),
  /** How many of them by code. */
  codes: z.partialRecord(z.enum(denyCodes), z.int()),
  /** What the first of them asked. */
  examples: z.array(
    z.strictObject({ agentId: z.string(), action: z.string(), resource: z.string() }),
  ),
});

/** The last record of a boot that stopped in order: nothing is missing after it. */
export const decisionEnd = z.strictObject({ kind: z.literal('end'), ...numbering, nowMs: z.int() });

/** One message of DECISIONS: an array of records of one boot of one governor, in order. */
export const decisionBatch = z.array(
  z.discriminatedUnion('kind', [decisionRecord, decisionGap, decisionDenials, decisionEnd]),
);

/** What is read of records, of later releases too, to know which allows count in the windows of grants. */
export const countedBatch = z.array(
  z.object({
    governor: z.string(),
    boot: z.string(),
    outcome: z.string().optional(),
    restsOn: z.string().optional(),
    inputs: z
      .object({
        tenant: z.string(),
        nowMs: z.int(),
        limits: z
          .array(
            z.object({
              grantId: z.string(),
              by: z.object({ grantId: z.string() }),
              kind: z.string(),
              seconds: z.int().nullable().optional(),
            }),
          )
          .optional(),
      })
      .optional(),
  }),
);

export type MatchedGrant = z.infer<typeof matchedGrant>;
export type ReadApproval = z.infer<typeof readApproval>;
export type LimitReading = z.infer<typeof limitReading>;
export type DecisionInputs = z.infer<typeof decisionInputs>;
export type DecisionRecord = z.infer<typeof decisionRecord>;
export type DecisionGap = z.infer<typeof decisionGap>;
export type DecisionDenials = z.infer<typeof decisionDenials>;
export type DecisionEnd = z.infer<typeof decisionEnd>;
export type DecisionBatch = z.infer<typeof decisionBatch>;
