/**
 * The API: HTTP in front of the commander, the governors, the log and the read models, and the answers to
 * `ask.<key>.events` and `ask.<key>.agents`. It asks and reads on one connection and answers on another, which may
 * publish to inboxes only.
 */
import {
  connectAs,
  disconnect,
  followRoleReports,
  type KeyRecord,
  type Logger,
  type NatsConnection,
  openEventStore,
  openKeyring,
  openRequester,
  openStreamReader,
  reporting,
  type RunningRole,
  type Secrets,
  serve,
} from '@writ/bus';
import type { WritError } from '@writ/contracts';
import { openStore } from '@writ/readmodels';
import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import type { ApiDependencies } from './dependencies.ts';
import { askEndpoints } from './events/ask.ts';
import { openHub } from './events/hub.ts';
import { type Health, openHealth } from './health.ts';
import { closeServer, createServer } from './http/server.ts';
import { createMetrics } from './metrics.ts';
import { openApiDocument } from './openapi/document.ts';
import { registerPages } from './openapi/pages.ts';
import { openOverview } from './overview.ts';
import { probesOf } from './probes.ts';
import { openReadSide } from './reads/read-side.ts';
import { redact } from './redaction.ts';
import { routes } from './routes.ts';

export type ApiOptions = {
  readonly secrets: Secrets;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly version: string;
  readonly httpHost: string;
  /** 0 takes any free port. */
  readonly httpPort: number;
  /** The address that others reach the API by; AuthZEN's metadata needs it to be https. */
  readonly publicUrl?: string | undefined;
  readonly log: Logger;
};

export type RunningApi = RunningRole & { readonly url: string };

const MAX_ASKS_IN_FLIGHT = 128;
const CONNECTIONS_TO_POSTGRES = 10;
const STATEMENT_TIMEOUT_MS = 10_000;
/** The server cancels first, if it is there. */
const QUERY_TIMEOUT_MS = 12_000;

/** Connects, starts to listen and to answer; throws when NATS, Postgres or the port can not be had. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    return await start(options, undo);
  } catch (thrown) {
    for (const step of undo.reverse()) await step().catch(() => undefined);
    throw thrown;
  }
}

async function start(options: ApiOptions, undo: (() => Promise<unknown>)[]): Promise<RunningApi> {
  const { secrets, log } = options;
  const connect = async (user: 'api-store' | 'api-answer'): Promise<NatsConnection> => {
    const connection = await connectAs(secrets, user, {
      servers: options.natsUrl,
      name: `writ-${user}`,
    });
    undo.push(() => disconnect(connection));
    return connection;
  };
  const [storing, answering] = await Promise.all([connect('api-store'), connect('api-answer')]);
  const readSide = openReadSide(
    openStore(options.databaseUrl, storeOptions(log)),
    openEventStore({ connection: storing, cell: secrets.cell, ingest: secrets.ingest }),
    () => Date.now(),
  );
  undo.push(() => readSide.close());
  const {
    dependencies,
    health,
    stop: stopFollowing,
  } = await openDependencies(options, { storing, readSide });
  undo.push(stopFollowing);

  const responder = await serve({
    connection: answering,
    name: 'writ-api',
    version: options.version,
    description: 'answers questions for events and agents',
    maxInFlight: MAX_ASKS_IN_FLIGHT,
    endpoints: askEndpoints(dependencies),
    onError: (error, subject) =>
      log.error({ err: error, subject }, 'a question failed by a fault of ours'),
  });
  undo.push(() => responder.stop());
  const app = createServer(routes, dependencies);
  undo.push(async () => {
    for (const stream of dependencies.streams) stream.abort();
    await closeServer(app);
  });
  const url = await listen(app, options);
  log.info({ url }, 'the API listens');
  const role: RunningApi = {
    name: 'api',
    url,
    ready() {
      const troubles = health.last();
      if (troubles.length === 0) return { ok: true };
      return {
        ok: false,
        detail: troubles.map(({ part, message }) => `${part}: ${message}`).join('; '),
      };
    },
    async stop() {
      for (const step of undo.splice(0).reverse()) await step();
    },
  };
  return reporting(role, () => storing);
}

async function openDependencies(
  options: ApiOptions,
  { storing, readSide }: { storing: NatsConnection; readSide: ReturnType<typeof openReadSide> },
): Promise<{ dependencies: ApiDependencies; health: Health; stop: () => Promise<void> }> {
  const { secrets, log } = options;
  const trouble = (what: string) => (error: WritError) =>
    log.warn({ code: error.code, detail: error.message }, what);
  const events = openEventStore({
    connection: storing,
    cell: secrets.cell,
    ingest: secrets.ingest,
  });
  const keyring = openKeyring({
    store: events,
    pepper: secrets.pepper,
    onTrouble: trouble('the keys could not be followed'),
  });
  const [hub] = await Promise.all([
    openHub(events, trouble('the log could not be followed')),
    keyring.ready,
  ]);
  const bus = openRequester(storing);
  const metrics = createMetrics();
  const roleReports = followRoleReports(storing, metrics.roleReported);
  const nowMs = () => Date.now();
  // A clock that is set back must not keep what was found before.
  const monotonicMs = () => performance.now();
  const overview = openOverview({
    positions: () => readSide.positions(),
    endOf: async (source) =>
      source === 'EVENTS'
        ? hub.lastSeq
        : (await openStreamReader(storing, source).status()).lastSeq,
    reports: roleReports,
    nowMs: monotonicMs,
  });
  const health = openHealth(probesOf({ bus, keyring, hub, overview }), monotonicMs);
  const revoked = new Set<(key: KeyRecord) => void>();
  keyring.onRevoked((key) => revoked.forEach((callback) => callback(key)));
  const dependencies: ApiDependencies = {
    bus,
    events,
    hub,
    streams: new Set(),
    keyring,
    readSide,
    metrics,
    publicUrl: options.publicUrl?.replace(/\/+$/, ''),
    nowMs,
    roleReports,
    overview,
    troubles: () => health.troubles(),
    onKeyRevoked(callback) {
      revoked.add(callback);
      return () => revoked.delete(callback);
    },
    answered({ operation, status, seconds, keyId }) {
      metrics.requestEnded({ operation, status, seconds });
      log.debug({ operation, status, ms: Math.round(seconds * 1000), keyId }, 'answered');
    },
    reportFault: (error, operation) =>
      log.error(faultOf(error, operation), 'a request failed by a fault of ours'),
  };
  await health.troubles();
  return {
    dependencies,
    health,
    async stop() {
      roleReports.stop();
      await Promise.all([hub.stop(), keyring.stop()]);
    },
  };
}

/** What is logged of a fault: never a header, never a body, and no secret that a message carried along. */
function faultOf(error: WritError, operation: string): object {
  const { cause } = error;
  const stack = cause instanceof Error ? cause.stack : undefined;
  return {
    operation,
    code: error.code,
    detail: redact(error.message),
    ...(stack === undefined ? {} : { stack: redact(stack) }),
  };
}

function storeOptions(log: Logger) {
  return {
    max: CONNECTIONS_TO_POSTGRES,
    applicationName: 'writ-api',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
    onTrouble: (error: Error) =>
      log.warn({ detail: redact(error.message) }, 'a connection to Postgres was lost'),
  };
}

async function listen(app: FastifyInstance, { httpHost, httpPort }: ApiOptions): Promise<string> {
  await registerPages(app, openApiDocument(routes));
  await app.listen({ host: httpHost, port: httpPort });
  const { port } = app.server.address() as AddressInfo;
  return `http://${httpHost.includes(':') ? `[${httpHost}]` : httpHost}:${port}`;
}
