/** Planning, applying and checking the topology against a broker, as its operator. */
import { setTimeout as wait } from 'node:timers/promises';
import {
  type ConsumerConfig,
  jetstreamManager,
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { toWritError, WritError } from '@writ/contracts';
import {
  type Change,
  type Plan,
  planFor,
  type Present,
  type Step,
  streamDefaults,
} from './plan.ts';
import type { DeclaredConsumer, DeclaredStream, Topology } from './topology.ts';

/** A cluster that just started elects its leaders first. */
const PATIENCE_MS = 30_000;

/** What applying would do; the ingest secret is left out of what it shows. */
export async function planStreams(connection: NatsConnection, topology: Topology): Promise<Plan> {
  const plan = await patiently(async () =>
    planFor(topology, await presentIn(await manager(connection))),
  );
  return { ...plan, steps: plan.steps.map((step) => withoutSecrets(step, topology)) };
}

/** Creates what is missing and changes what is safe; what is refused stays as it is and is in the plan that comes back. */
export async function applyStreams(connection: NatsConnection, topology: Topology): Promise<Plan> {
  const plan = await planStreams(connection, topology);
  const jsm = await manager(connection);
  for (const { target, action } of plan.steps) {
    if (action !== 'create' && action !== 'update') continue;
    const stream = topology.streams.find(({ name }) => name === target);
    const consumer = topology.consumers.find(
      (one) => `${one.stream}/${one.durable_name}` === target,
    );
    await patiently(async () => {
      if (stream !== undefined) await putStream(jsm, stream, action);
      if (consumer !== undefined) await putConsumer(jsm, consumer, action);
    });
  }
  return plan;
}

/** Compares without changing anything; `ok` is false when anything differs. */
export async function checkStreams(
  connection: NatsConnection,
  topology: Topology,
): Promise<{ ok: boolean; plan: Plan }> {
  const plan = await planStreams(connection, topology);
  return { ok: plan.steps.every((step) => step.action === 'none'), plan };
}

function manager(connection: NatsConnection): Promise<JetStreamManager> {
  return jetstreamManager(connection, { checkAPI: false });
}

async function presentIn(jsm: JetStreamManager): Promise<Present> {
  const streams = new Map<string, { config: Readonly<Record<string, unknown>>; bytes: number }>();
  const consumers = new Map<string, Readonly<Record<string, unknown>>>();
  for await (const { config, state } of jsm.streams.list())
    streams.set(config.name, { config: { ...config }, bytes: state.bytes });
  for (const stream of streams.keys())
    for await (const { name, config } of jsm.consumers.list(stream))
      if (config.durable_name !== undefined) consumers.set(`${stream}/${name}`, { ...config });
  return { streams, consumers };
}

async function putStream(
  jsm: JetStreamManager,
  declared: DeclaredStream,
  action: 'create' | 'update',
): Promise<void> {
  const config: Partial<StreamConfig> & { name: string } = {
    ...declared,
    subjects: [...declared.subjects],
  };
  if (action === 'create') await jsm.streams.add(config);
  else await jsm.streams.update(declared.name, { ...streamDefaults, ...config });
}

async function putConsumer(
  jsm: JetStreamManager,
  declared: DeclaredConsumer,
  action: 'create' | 'update',
): Promise<void> {
  const { stream, filter_subjects: filters, ...rest } = declared;
  const config: Partial<ConsumerConfig> = {
    ...rest,
    backoff: [...rest.backoff],
    ...(filters === undefined ? {} : { filter_subjects: [...filters] }),
  };
  if (action === 'create') await jsm.consumers.add(stream, config);
  else await jsm.consumers.update(stream, declared.durable_name, config);
}

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() >= deadline || !mayPass(error)) throw failure(error);
    }
    await wait(100);
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status === 503 || error.code === 10_008;
  return (
    error instanceof Error &&
    ['TimeoutError', 'JetStreamNotEnabled', 'NoRespondersError'].includes(error.name)
  );
}

function failure(error: unknown): WritError {
  if (error instanceof JetStreamApiError)
    return new WritError(
      'CONFIG_INVALID',
      `JetStream refuses the topology: ${error.message} (${error.code})`,
      { cause: error },
    );
  if (error instanceof WritError) return toWritError(error);
  const why = error instanceof Error ? error.message : String(error);
  return new WritError(
    'BUS_UNAVAILABLE',
    `JetStream does not answer: ${why}; check that it is enabled and has a leader`,
    { cause: error },
  );
}

/** The ingest prefix lets whoever knows it write to the log: a plan that is printed must not tell it. */
function withoutSecrets(step: Step, topology: Topology): Step {
  const own =
    topology.streams
      .flatMap((stream) => stream.subjects)
      .find((subject) => subject.startsWith('_writ.'))
      ?.split('.')[1] ?? '';
  const hide = (text: string) =>
    text.replaceAll(/_writ\.([^.]+)/g, (_, secret: string) =>
      secret === own ? '_writ.<ingest>' : '_writ.<another ingest>',
    );
  const shown = (value: unknown): unknown =>
    value === undefined ? undefined : JSON.parse(hide(JSON.stringify(value)));
  const changes: Change[] = step.changes.map(({ path, from, to }) => ({
    path,
    from: shown(from),
    to: shown(to),
  }));
  return { ...step, changes, reason: step.reason === null ? null : hide(step.reason) };
}
