/** Answers `ask.<key>.events` and `ask.<key>.agents` on the bus by the queries that the HTTP routes use. */
import type { BusRequest, Endpoint, KeyRecord } from '@writ/bus';
import {
  parseAskSubject,
  parseJson,
  type Question,
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

/** Any key of any tenant may ask; which one did is in the subject. */
export function askEndpoints(dependencies: ApiDependencies): Endpoint[] {
  const endpoint = (question: Question, answer: Answerer): Endpoint => ({
    name: question,
    subject: `writ.*.ask.*.${question}`,
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
  const address = parseAskSubject(subject);
  const key = keyring.get(address?.key ?? '');
  if (key && key.tenant === address?.tenant && holds(key, nowMs())) return key;
  throw new WritError(
    'UNAUTHENTICATED',
    'the key is not known, has expired or was revoked; ask an administrator for a new one',
  );
}

function holds({ revoked, expiresAtMs }: KeyRecord, nowMs: number): boolean {
  return !revoked && (expiresAtMs === null || expiresAtMs > nowMs);
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
