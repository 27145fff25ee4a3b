/** Executions: what an agent started and what came of it. */
import { z } from 'zod';
import { actionName, agentId, clientId, resourceName, timestamp, uuid } from '../ids.ts';

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
export const badSeverity = z.enum(['minor', 'major', 'critical']);
export const executionOutcome = z.enum(['succeeded', 'failed', 'cancelled', 'timed_out']);
export const executionError = z.strictObject({
  code: z.string().min(1).max(128),
  message: z.string().max(4000),
});
export const tokenUse = z.strictObject({ input: count.default(0), output: count.default(0) });

const about = {
  agentId,
  action: actionName,
  resource: resourceName,
  decisionId: uuid.nullable().default(null),
};

export const startExecution = z.strictObject({
  executionId: clientId.optional(),
  ...about,
  startedAt: timestamp.nullable().default(null),
});

export const reportExecution = z
  .strictObject({
    executionId: clientId.optional(),
    ...about,
    outcome: executionOutcome,
    severity: badSeverity.optional(),
    startedAt: timestamp.nullable().default(null),
    durationMs: count.nullable().default(null),
    costMicros: count.default(0),
    tokens: tokenUse.default({ input: 0, output: 0 }),
    error: executionError.nullable().default(null),
  })
  .superRefine((value, ctx) => {
    const failed = value.outcome === 'failed' || value.outcome === 'timed_out';
    if (!failed && value.severity !== undefined)
      ctx.addIssue({
        code: 'custom',
        path: ['severity'],
        message: 'is only for `failed` and `timed_out`; leave it out',
      });
    if (value.outcome === 'failed' && value.error === null)
      ctx.addIssue({
        code: 'custom',
        path: ['error'],
        message: 'is needed for `failed`: {"code","message"}',
      });
  });

export const executionStartedV1 = z.strictObject({
  executionId: clientId,
  agentId,
  action: z.string(),
  resource: z.string(),
  decisionId: z.string().nullable(),
  startedAt: z.string().nullable(),
});

export const executionReportedV1 = z.strictObject({
  executionId: clientId,
  agentId,
  action: z.string(),
  resource: z.string(),
  decisionId: z.string().nullable(),
  outcome: executionOutcome,
  severity: badSeverity.nullable(),
  startedAt: z.string().nullable(),
  durationMs: z.int().nullable(),
  costMicros: z.int(),
  tokens: z.strictObject({ input: z.int(), output: z.int() }),
  error: executionError.nullable(),
});

export type ReportExecution = z.infer<typeof reportExecution>;
export type StartExecution = z.infer<typeof startExecution>;
