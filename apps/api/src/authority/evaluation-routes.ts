/** AuthZEN Authorization API 1.0 over HTTP: the question goes to a governor as it came, its answer comes back as it is. */
import {
  evaluationReply,
  evaluationRequest,
  evaluationsReply,
  evaluationsRequest,
  subjects,
  WritError,
} from '@writ/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../dependencies.ts';
import { readJson } from '../http/body.ts';
import { none } from '../http/parameters.ts';
import { fromWire } from '../http/problem.ts';
import { parseReply } from '../http/reply.ts';
import { type Answer, callerOf, type Call, route, type Route } from '../http/route.ts';
import { tokenAt } from '../reads/token.ts';
import { checkEvaluation, checkEvaluations } from './evaluation-shape.ts';

const ASK_TIMEOUT_MS = 5_000;
const tag = 'permission';
const access = ['admin', 'agent'] as const;
const errors = [
  'BODY_MALFORMED',
  'BODY_TOO_LARGE',
  'BODY_TOO_DEEP',
  'BODY_INVALID',
  'HEADER_INVALID',
  'TOKEN_INVALID',
  'BUS_UNAVAILABLE',
  'SERVICE_UNAVAILABLE',
  'TIMEOUT',
  'STALE_STATE',
] as const;

/** What is asked may wait for a person; the answer is awaited that much longer. */
function patienceOf(body: unknown): number {
  const options: unknown =
    typeof body === 'object' && body !== null ? Reflect.get(body, 'options') : undefined;
  const wait: unknown =
    typeof options === 'object' && options !== null ? Reflect.get(options, 'waitForApprovalMs') : 0;
  return ASK_TIMEOUT_MS + (typeof wait === 'number' && wait > 0 ? Math.min(wait, 60_000) : 0);
}

async function ask(
  call: Call<unknown, unknown>,
  question: 'permission' | 'permissions',
  { bus, events }: ApiDependencies,
): Promise<Answer> {
  const body = readJson(call);
  if (question === 'permission') checkEvaluation(body);
  else checkEvaluations(body);
  const caller = callerOf(call);
  const subject = subjects.ask(caller.tenant, caller.keyId, question);
  const answer = parseReply(
    await bus.request({ subject, body: call.body, timeoutMs: patienceOf(body) }),
  );
  refuseRefusal(answer);
  const seq = sequenceIn(answer);
  return { body: answer, ...(seq === undefined ? {} : { token: tokenAt(events, seq) }) };
}

/** A governor refuses what it can not even deny, as `{ok: false, error}`. */
function refuseRefusal(answer: unknown): void {
  if (typeof answer !== 'object' || answer === null)
    throw new WritError('INTERNAL', 'a governor answered with something that is not an object');
  const error: unknown = Reflect.get(answer, 'error');
  if (typeof error !== 'object' || error === null) return;
  throw fromWire(Reflect.get(error, 'code'), Reflect.get(error, 'message'));
}

const decided = z.object({ context: z.object({ seq: z.int() }) });
const decidedAll = z.object({ evaluations: z.array(decided).min(1) });

function sequenceIn(answer: unknown): number | undefined {
  const one = decided.safeParse(answer);
  if (one.success) return one.data.context.seq;
  const all = decidedAll.safeParse(answer);
  return all.success
    ? Math.min(...all.data.evaluations.map(({ context }) => context.seq))
    : undefined;
}

export const evaluationRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/access/v1/evaluation',
    operation: 'evaluatePermission',
    tag,
    summary: 'asks whether an agent may do something',
    access,
    params: none,
    query: none,
    body: { schema: evaluationRequest, required: true },
    answers: {
      200: {
        description: 'the decision; a deny is an answer, not an error',
        schema: evaluationReply,
      },
    },
    errors,
    errorStyle: 'message',
    handle: (call, dependencies) => ask(call, 'permission', dependencies),
  }),
  route({
    method: 'POST',
    path: '/access/v1/evaluations',
    operation: 'evaluatePermissions',
    tag,
    summary: 'asks many questions at once; without `evaluations` it is a single one',
    access,
    params: none,
    query: none,
    body: { schema: evaluationsRequest, required: true },
    answers: {
      200: {
        description: 'the decisions in the order of the questions',
        schema: z.union([evaluationsReply, evaluationReply]),
      },
    },
    errors,
    errorStyle: 'message',
    handle: (call, dependencies) => ask(call, 'permissions', dependencies),
  }),
  route({
    method: 'GET',
    path: '/.well-known/authzen-configuration',
    operation: 'getAuthzenConfiguration',
    tag,
    summary: 'where the AuthZEN endpoints are; needs WRIT_PUBLIC_URL',
    access: 'public',
    params: none,
    query: none,
    answers: {
      200: {
        description: 'the metadata of this policy decision point',
        schema: z.object({
          policy_decision_point: z.string(),
          access_evaluation_endpoint: z.string(),
          access_evaluations_endpoint: z.string(),
        }),
      },
    },
    errors: ['NOT_FOUND'],
    handle: async (_call, { publicUrl }) => {
      if (publicUrl === undefined || !publicUrl.startsWith('https://'))
        throw new WritError(
          'NOT_FOUND',
          'the public address is not known; set WRIT_PUBLIC_URL to the https address of this API',
        );
      return {
        body: {
          policy_decision_point: publicUrl,
          access_evaluation_endpoint: `${publicUrl}/access/v1/evaluation`,
          access_evaluations_endpoint: `${publicUrl}/access/v1/evaluations`,
        },
      };
    },
  }),
];
