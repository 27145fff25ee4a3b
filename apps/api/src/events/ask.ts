/** Answers `ask.<key>.events` and `ask.<key>.agents` on the bus by the queries that the HTTP routes use. */
import type { BusRequest, Endpoint, KeyRecord } from '@writ/bus';
import {
  parseAskSubject,
  parseJson,
  type Question,
  subjects,
  toEventView,
  toWritError,
  WritError,
  writHeaders,
} from '@writ/contracts';
import { speaksFor } from '@writ/domain';
import { refuseAgent } from '../auth/scope.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { parseBodyQuery } from '../http/parameters.ts';
import { discoverAgents } from '../registry/discovery.ts';
import { tokenAt } from '../reads/token.ts';
import { waitForLog } from '../reads/wait-for-log.ts';
import { filterOf, historyQuery } from './routes.ts';
import { readEvents } from './history.ts';

const QUEUE = 'apis';
/** The endpoints of a tenant. */
export function askEndpoints(tenant: string, dependencies: ApiDependencies): Endpoint[] {
  const endpoint = (question: Question, answer: Answerer): Endpoint => ({
    name: question,
    subject: askSubject(tenant, question),
    queue: QUEUE,
    handler: (request) => respond(request, { question, answer, dependencies }),
  });
  return [endpoint('events', answerEvents), endpoint('agents', discoverAgents)];
}

type Answerer = (
  caller: KeyRecord,
  body: unknown,
  dependencies: ApiDependencies,
) => Promise<{ body: unknown; token: string | undefined }>;

/** Any key of the tenant may ask; which one did is in the subject. */
function askSubject(tenant: string, question: Question): string {
  return subjects.ask(tenant, 'anykeyatall', question).replace('anykeyatall', '*');
}

async function respond(
  request: BusRequest,
  {
    question,
    answer,
    dependencies,
  }: { question: Question; answer: Answerer; dependencies: ApiDependencies },
): Promise<void> {
  try {
    const caller = callerOf(request, dependencies);
    const body = request.data.length === 0 ? {} : parseJson(request.data);
    const { body: reply, token } = await answer(caller, body, dependencies);
    request.reply(JSON.stringify(reply), token === undefined ? [] : [[writHeaders.token, token]]);
    dependencies.metrics.askAnswered(question, 'answered');
  } catch (thrown) {
    const error = toWritError(thrown);
    if (error.code === 'INTERNAL') dependencies.reportFault(error, `ask.${question}`);
    request.refuse(error);
    dependencies.metrics.askAnswered(question, 'refused');
  }
}

/** The broker lets a key ask under its own id only. */
function callerOf({ subject }: BusRequest, { keyring, nowMs }: ApiDependencies): KeyRecord {
  const key = keyring.get(parseAskSubject(subject)?.key ?? '');
  if (!key || key.revoked || (key.expiresAtMs !== null && key.expiresAtMs <= nowMs()))
    throw new WritError(
      'UNAUTHENTICATED',
      'the key is not known, has expired or was revoked; ask an administrator for a new one',
    );
  return key;
}

/** An agent's key sees the events of the agents it speaks for, all of them where it names none. */
async function answerEvents(
  caller: KeyRecord,
  body: unknown,
  { events, hub }: ApiDependencies,
): Promise<{ body: unknown; token: string | undefined }> {
  const query = parseBodyQuery(historyQuery, body);
  if (query.agentId !== undefined) refuseAgent(caller, query.agentId);
  await waitForLog({ log: events, hub }, query.atLeast);
  const visible =
    caller.role === 'admin'
      ? undefined
      : (agentId: string | undefined) => agentId !== undefined && speaksFor(caller, agentId);
  const page = await readEvents(events, { ...filterOf(caller.tenant, query), visible }, query);
  return {
    body: { items: page.events.map(toEventView), nextCursor: page.nextCursor },
    token: tokenAt(events, page.lastSeq),
  };
}
