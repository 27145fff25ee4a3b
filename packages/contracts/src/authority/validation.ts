/** The validation checkpoint: what a result of an agent may hold, and the answer to a result. */
import { z } from 'zod';
import { badSeverity } from '../execution/execution.ts';
import { actionName, agentId, clientId, pattern, uuid } from '../ids.ts';
import { listedText, pageQuery, timeQuery } from '../list-query.ts';

/** What is done about what a check finds: the result is refused, or the text is taken out. */
export const remedy = z.enum(['reject', 'redact']);

export const ruleName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'must be 1–63 of `A-Za-z0-9_.-`');

export const validationRule = z
  .strictObject({
    /** The actions whose results it is for. */
    actions: z.array(pattern).min(1).max(100),
    /** JSON Schema, draft 2020-12; a result that does not match is rejected. */
    schema: z.record(z.string(), z.unknown()).optional(),
    /** The most that the result may hold, as JSON in UTF-8. */
    maxBytes: z.int().min(2).max(262_144).optional(),
    /** Keys and tokens of known services, private keys. */
    secrets: remedy.optional(),
    /** E-mail addresses, telephone numbers, card and account numbers. */
    personalData: remedy.optional(),
    denyList: z
      .strictObject({ terms: z.array(z.string().min(2).max(200)).min(1).max(500), remedy })
      .optional(),
    /** Checks of the installation's own, by name. */
    custom: z.array(ruleName).min(1).max(10).optional(),
    /** How much a rejection counts against the agent's trust. */
    severity: badSeverity.default('minor'),
  })
  .superRefine(({ schema, maxBytes, secrets, personalData, denyList, custom }, ctx) => {
    if (schema ?? maxBytes ?? secrets ?? personalData ?? denyList ?? custom) return;
    ctx.addIssue({
      code: 'custom',
      path: [],
      message:
        'must check something: `schema`, `maxBytes`, `secrets`, `personalData`, `denyList`, `custom`',
    });
  });

export const validationRules = z
  .record(ruleName, validationRule)
  .refine((value) => Object.keys(value).length <= 100, 'must have at most 100 rules');

export const publishValidation = z.strictObject({
  rules: validationRules,
  note: z.string().max(2000).nullable().default(null),
});

/** They hold at once; the version before them no more. */
export const validationPublishedV1 = z.strictObject({
  version: z.string(),
  rules: validationRules,
  note: z.string().nullable(),
});

/** Unknown members are ignored, as in the permission question. */
export const validationRequest = z.object({
  decisionId: uuid.nullish(),
  executionId: clientId.nullish(),
  agentId,
  action: actionName,
  result: z.record(z.string(), z.unknown()),
  context: z.record(z.string(), z.unknown()).optional(),
});

export const validationOutcome = z.enum(['accept', 'reject', 'redact']);

/** What a check found, and where; never the text itself. */
export const finding = z.strictObject({
  rule: z.string(),
  /** `schema`, `size`, `secrets`, `personal_data`, `deny_list`, or the name of a custom check. */
  check: z.string(),
  /** A JSON Pointer (RFC 6901) into the result; empty for all of it. */
  path: z.string(),
  /** What it is, e.g. `GITHUB_TOKEN` or `EMAIL`. */
  kind: z.string(),
});

export const resultValidatedV1 = z.strictObject({
  validationId: clientId,
  agentId,
  executionId: z.string().nullable(),
  decisionId: z.string().nullable(),
  action: z.string(),
  outcome: validationOutcome,
  /** At most 20 of them. */
  findings: z.array(finding),
  /** The version of the rules; null where none were published. */
  rulesVersion: z.string().nullable(),
  /** How much a rejection counts; null for the other outcomes. */
  severity: badSeverity.nullable(),
});

/** A governor's order: what became of a result. Told twice it is stored once. */
export const recordValidation = z.strictObject(resultValidatedV1.shape);

export const validationReply = z.object({
  decision: z.boolean(),
  context: z.object({
    outcome: validationOutcome,
    validationId: z.string().nullable(),
    code: z.string().optional(),
    message: z.string().optional(),
    reasons: z.array(finding.extend({ text: z.string() })),
    redactions: z.array(
      z.object({
        /** The text that holds it; offsets are in UTF-16 units of the text that was sent. */
        path: z.string(),
        kind: z.string(),
        start: z.int(),
        end: z.int(),
      }),
    ),
    /** The result without what was taken out; there for `redact` only. */
    result: z.record(z.string(), z.unknown()).optional(),
    seq: z.int(),
    rulesVersion: z.string().nullable(),
    evaluatedAt: z.string(),
  }),
});

export const validationView = z.strictObject({
  validationId: z.string(),
  agentId: z.string(),
  action: z.string(),
  executionId: z.string().nullable(),
  decisionId: z.string().nullable(),
  outcome: validationOutcome,
  findings: z.array(finding),
  rulesVersion: z.string().nullable(),
  severity: badSeverity.nullable(),
  askedBy: z.string(),
  validatedAt: z.string(),
  seq: z.int(),
});
export const validationsQuery = z.strictObject({
  ...pageQuery,
  ...timeQuery,
  agentId: agentId.optional(),
  action: listedText.optional(),
  outcome: validationOutcome.optional(),
});

export const validationRulesView = z.strictObject({
  version: z.string(),
  rules: validationRules,
  note: z.string().nullable(),
  publishedBy: z.string(),
  publishedAt: z.string(),
  seq: z.int(),
});
export const validationRulesQuery = z.strictObject(pageQuery);

export type ValidationView = z.infer<typeof validationView>;
export type ValidationsQuery = z.infer<typeof validationsQuery>;
export type ValidationRulesView = z.infer<typeof validationRulesView>;
export type ValidationRulesQuery = z.infer<typeof validationRulesQuery>;
export type Remedy = z.infer<typeof remedy>;
export type ValidationRule = z.infer<typeof validationRule>;
export type ValidationRules = z.infer<typeof validationRules>;
export type ValidationRequest = z.infer<typeof validationRequest>;
export type ValidationReply = z.infer<typeof validationReply>;
export type ValidationOutcome = z.infer<typeof validationOutcome>;
export type Finding = z.infer<typeof finding>;
