/** The validation checkpoint: ask about a result, and the rules and results there were. */
import {
  checkBody,
  subjects,
  validationReply,
  validationRequest,
  validationRulesQuery,
  validationRulesView,
  validationsQuery,
  validationView,
} from '@writ/contracts';
import { listValidationRules, listValidations } from '@writ/readmodels';
import { commandRoute } from '../commands/command-route.ts';
import { readJson } from '../http/body.ts';
import { none } from '../http/parameters.ts';
import { parseReply } from '../http/reply.ts';
import { callerOf, route, type Route } from '../http/route.ts';
import { listRoute } from '../reads/list-route.ts';
import { tokenAt } from '../reads/token.ts';

/** A result may wait for the thread that checks it, and for the log. */
const ASK_TIMEOUT_MS = 10_000;
const tag = 'validation';

export const validationRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/v1/validations',
    operation: 'validateResult',
    tag,
    summary: 'asks whether a result may be used: accept, reject or redact',
    access: ['admin', 'agent'],
    params: none,
    query: none,
    body: { schema: validationRequest, required: true },
    answers: {
      200: { description: 'how it was judged; a rejection is an answer', schema: validationReply },
    },
    errors: [
      'BODY_MALFORMED',
      'BODY_TOO_LARGE',
      'BODY_TOO_DEEP',
      'BODY_INVALID',
      'BUS_UNAVAILABLE',
      'SERVICE_UNAVAILABLE',
      'TIMEOUT',
    ],
    handle: async (call, { bus, events }) => {
      checkBody(validationRequest, readJson(call));
      const { tenant, keyId } = callerOf(call);
      const subject = subjects.ask(tenant, keyId, 'validation');
      const answer = validationReply.parse(
        parseReply(await bus.request({ subject, body: call.body, timeoutMs: ASK_TIMEOUT_MS })),
      );
      return { body: answer, token: tokenAt(events, answer.context.seq) };
    },
  }),
  listRoute({
    path: '/v1/validations',
    operation: 'listValidations',
    tag,
    summary: 'results that were judged, by agent, action, outcome or time',
    models: ['validations'],
    query: validationsQuery,
    item: validationView,
    list: listValidations,
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/validation-rules',
    verb: 'authority.publish-validation',
    tag,
    operation: 'publishValidation',
    creates: true,
    errors: ['VALIDATION_INVALID'],
  }),
  listRoute({
    path: '/v1/validation-rules',
    operation: 'listValidationRules',
    tag,
    summary: 'the published versions of the rules; the first of all holds',
    models: ['validations'],
    query: validationRulesQuery,
    item: validationRulesView,
    list: listValidationRules,
  }),
];
