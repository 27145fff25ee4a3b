/** Executions as they are shown, and how lists of them are filtered. */
import { z } from 'zod';
import { agentId } from '../ids.ts';
import { listedText, pageQuery, timeQuery } from '../list-query.ts';
import { badSeverity, executionError, executionOutcome } from './execution.ts';

/** `running` from its announcement until it is reported. */
export const executionStatus = z.enum(['running', 'finished']);

export const executionView = z.strictObject({
  executionId: z.string(),
  agentId: z.string(),
  action: z.string(),
  resource: z.string(),
  decisionId: z.string().nullable(),
  status: executionStatus,
  outcome: executionOutcome.nullable(),
  severity: badSeverity.nullable(),
  /** What the agent says. */
  startedAt: z.string().nullable(),
  durationMs: z.int().nullable(),
  costMicros: z.int().nullable(),
  tokens: z.strictObject({ input: z.int(), output: z.int() }).nullable(),
  error: executionError.nullable(),
  /** When the log took its announcement and its report. */
  announcedAt: z.string().nullable(),
  reportedAt: z.string().nullable(),
  seq: z.int(),
});

export const executionsQuery = z.strictObject({
  ...pageQuery,
  ...timeQuery,
  agentId: agentId.optional(),
  action: listedText.optional(),
  resource: listedText.optional(),
  status: executionStatus.optional(),
  outcome: executionOutcome.optional(),
  /** The code of its error. */
  code: listedText.optional(),
});

export type ExecutionView = z.infer<typeof executionView>;
export type ExecutionsQuery = z.infer<typeof executionsQuery>;
