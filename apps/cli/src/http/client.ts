/** A client of the API: one request, its answer or a failure that says what to do. */
import { randomUUID } from 'node:crypto';
import type { ErrorDetail } from '@writ/contracts';
import { CliFailure, type ExitCode, exitCodeOf, exitCodes } from '../failure.ts';
import { failedCommand, unanswered } from './doubt.ts';
import { readServerSentEvents, type ServerSentEvent } from './server-sent-events.ts';

export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export type HttpClient = {
  readonly baseUrl: string;
  get<T>(path: string, query?: Query): Promise<T>;
  /** The answer as it is, for what is not JSON. */
  text(path: string): Promise<string>;
  /** Like `get`, but an answer that is not 2xx is an answer too, if it is one of ours. */
  getWhatever<T>(path: string): Promise<{ readonly ok: boolean; readonly body: T }>;
  /** Gives a command, under the client's idempotency key: a failure that leaves it in doubt names the key. */
  send<T>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<T>;
  /** Puts a question; `patienceMs` is how much longer than others the answer may take. */
  ask<T>(path: string, body: unknown, how?: { readonly patienceMs: number }): Promise<T>;
  /** Opens a stream of server-sent events; ends when the server closes it. */
  events(path: string, query: Query, signal: AbortSignal): AsyncIterable<ServerSentEvent>;
};

export type ClientOptions = {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  /** For all commands of this client, which are of different kinds; a fresh one when left out. */
  readonly idempotencyKey?: string | undefined;
  /** What else a repetition has to say as it was understood here. */
  readonly repeatWith?: readonly string[];
  readonly timeoutMs?: number;
};

const DEFAULT_TIMEOUT_MS = 30_000;

export function openHttpClient(options: ClientOptions): HttpClient {
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  const authorization =
    options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` };
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const idempotencyKey = options.idempotencyKey ?? randomUUID();
  const repeatWith = [`--idempotency-key ${idempotencyKey}`, ...(options.repeatWith ?? [])];

  async function reach<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (cause) {
      throw unanswered(baseUrl, cause);
    }
  }

  async function request(url: string, init: RequestInit): Promise<Response> {
    const response = await reach(() => fetch(url, init));
    if (response.ok) return response;
    throw await refusal(response);
  }

  async function json<T>(url: string, init: RequestInit, patienceMs = 0): Promise<T> {
    const signal = AbortSignal.timeout(timeoutMs + patienceMs);
    const response = await request(url, { ...init, signal });
    return parseAnswer<T>(baseUrl, await reach(() => response.text()));
  }

  return {
    baseUrl,
    get: (path, query = {}) => json(address(baseUrl, path, query), { headers: authorization }),
    async text(path) {
      const init = { headers: authorization, signal: AbortSignal.timeout(timeoutMs) };
      const response = await request(`${baseUrl}${path}`, init);
      return reach(() => response.text());
    },
    async getWhatever<T>(path: string) {
      const init = { headers: authorization, signal: AbortSignal.timeout(timeoutMs) };
      const response = await reach(() => fetch(`${baseUrl}${path}`, init));
      return { ok: response.ok, body: parseAnswer<T>(baseUrl, await reach(() => response.text())) };
    },
    async send<T>(method: 'POST' | 'DELETE', path: string, body?: unknown) {
      const content = withJson({ ...authorization, 'idempotency-key': idempotencyKey }, body);
      try {
        return await json<T>(`${baseUrl}${path}`, { method, ...content });
      } catch (thrown) {
        throw failedCommand(thrown, repeatWith);
      }
    },
    ask(path, body, { patienceMs } = { patienceMs: 0 }) {
      return json(
        `${baseUrl}${path}`,
        { method: 'POST', ...withJson(authorization, body) },
        patienceMs,
      );
    },
    async *events(path, query, signal) {
      const headers = { ...authorization, accept: 'text/event-stream' };
      const response = await request(address(baseUrl, path, query), { headers, signal });
      if (response.body !== null) yield* readServerSentEvents(response.body);
    },
  };
}

function withJson(headers: Readonly<Record<string, string>>, body: unknown): RequestInit {
  if (body === undefined) return { headers };
  return {
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}

function address(baseUrl: string, path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value])
      if (one !== undefined) search.append(name, String(one));
  const text = search.toString();
  return text === '' ? `${baseUrl}${path}` : `${baseUrl}${path}?${text}`;
}

function parseAnswer<T>(baseUrl: string, text: string): T {
  if (text === '') return {} as T;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new CliFailure(
      exitCodes.unreachable,
      `what answers at \`${baseUrl}\` is not a Writ API`,
      { cause },
    );
  }
}

type Problem = {
  readonly code?: string;
  readonly detail?: string;
  readonly title?: string;
  readonly errors?: readonly ErrorDetail[];
};

async function refusal(response: Response): Promise<CliFailure> {
  const problem = await readProblem(response);
  const code =
    problem.code ?? (response.status === 401 ? 'UNAUTHENTICATED' : `HTTP_${response.status}`);
  const said =
    problem.detail ??
    problem.title ??
    `the API answered ${response.status} ${response.statusText}`.trim();
  const hint =
    response.status === 401
      ? '; set WRIT_API_KEY, or name the data directory of the running platform with --data'
      : '';
  const exitCode: ExitCode =
    problem.code === undefined && response.status >= 500 ? exitCodes.unreachable : exitCodeOf(code);
  return new CliFailure(exitCode, `${said}${hint}`, { code, details: problem.errors ?? [] });
}

async function readProblem(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '');
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
    return typeof value === 'string' ? { detail: value } : {};
  } catch {
    return text !== '' && text.length < 500 && !text.startsWith('<') ? { detail: text } : {};
  }
}
