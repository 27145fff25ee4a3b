/**
 * The shape that AuthZEN 1.0 asks of a question, and no more: what is well-formed is a question that
 * a governor answers, with a deny where Writ's own grammar does not know the subject or the names.
 */
import { checkBody } from '@writ/contracts';
import { z } from 'zod';

const properties = z.record(z.string(), z.unknown()).optional();
const subject = z.object({ type: z.string(), id: z.string(), properties });
const action = z.object({ name: z.string(), properties });
const resource = z.object({ type: z.string(), id: z.string(), properties });
const context = z.record(z.string(), z.unknown()).optional();
const options = z.record(z.string(), z.unknown()).optional();

const evaluation = z.object({ subject, action, resource, context, options });

/** The frame of a batch; each question in it is judged by itself, by the governor. */
const evaluations = z.object({ evaluations: z.array(z.unknown()).optional(), context, options });

/** Throws `BODY_INVALID` for what is not a question. */
export function checkEvaluation(body: unknown): void {
  checkBody(evaluation, body);
}

/** The same for a batch; without questions in it, it is a single one. */
export function checkEvaluations(body: unknown): void {
  const { evaluations: items = [] } = checkBody(evaluations, body);
  if (items.length === 0) checkEvaluation(body);
}
