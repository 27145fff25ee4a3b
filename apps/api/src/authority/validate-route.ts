/** Checks policies as publishing them would, and stores nothing. */
import { checkBody, publishPolicies } from '@writ/contracts';
import { checkPolicies } from '@writ/policy';
import { getPolicySchema } from '@writ/readmodels';
import { z } from 'zod';
import { readJson } from '../http/body.ts';
import { none } from '../http/parameters.ts';
import { callerOf, route } from '../http/route.ts';

const verdict = z.object({
  valid: z.boolean(),
  problems: z.array(
    z.object({
      policyId: z.string(),
      message: z.string(),
      line: z.int().nullable(),
      column: z.int().nullable(),
    }),
  ),
});

export const validatePoliciesRoute = route({
  method: 'POST',
  path: '/v1/policies/validate',
  operation: 'validatePolicies',
  tag: 'policies',
  summary: 'checks policies against the schema in force, without publishing them',
  access: ['admin'],
  params: none,
  query: none,
  body: { schema: publishPolicies, required: true },
  answers: {
    200: {
      description: 'whether they could be published, and what is wrong with them',
      schema: verdict,
    },
  },
  errors: [
    'BODY_MALFORMED',
    'BODY_TOO_LARGE',
    'BODY_TOO_DEEP',
    'BODY_INVALID',
    'HEADER_INVALID',
    'STORE_UNAVAILABLE',
  ],
  handle: async (call, { readSide }) => {
    const { policies } = checkBody(publishPolicies, readJson(call));
    const { value } = await readSide.read({
      models: ['policies'],
      tenant: callerOf(call).tenant,
      atLeast: undefined,
      query: getPolicySchema,
    });
    const schema = value?.schema ?? null;
    const problems = checkPolicies(policies, schema);
    return { body: { valid: problems.length === 0, problems } };
  },
});
