/** Planning, applying and checking the topology against a broker, as its operator. */
import {
  type ConsumerConfig,
  jetstreamManager,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import {
  type Change,
  type Plan,
  configsOf,
  planFor,
  type Present,
  type Step,
  streamDefaults,
} from './plan.ts';
import { patiently } from './patience.ts';
import { withSegments } from './segments.ts';
import type { DeclaredConsumer, DeclaredStream, Topology } from './topology.ts';

/** What applying would do; the ingest secret is left out of what it shows. */
export async function planStreams(connection: NatsConnection, topology: Topology): Promise<Plan> {
  const plan = await patiently(async () =>
    planFor(topology, await presentIn(await manager(connection))),
  );
  return { ...plan, steps: plan.steps.map((step) => withoutSecrets(step, topology)) };
}

/** Creates what is missing and changes what is safe; what is refused stays as it is and is in the plan that comes back. */
export async function applyStreams(connection: NatsConnection, topology: Topology): Promise<Plan> {
  const jsm = await manager(connection);
  const present = await patiently(() => presentIn(jsm));
  const plan = planFor(topology, present);
  const { streams, consumers } = withSegments(topology, configsOf(present));
  for (const { target, action } of plan.steps) {
    if (action !== 'create' && action !== 'update') continue;
    const stream = streams.find(({ name }) => name === target);
    const consumer = consumers.find((one) => `${one.stream}/${one.durable_name}` === target);
    await patiently(async () => {
      if (stream !== undefined) await putStream(jsm, stream, action);
      if (consumer !== undefined) await putConsumer(jsm, consumer, action);
    });
  }
  return { ...plan, steps: plan.steps.map((step) => withoutSecrets(step, topology)) };
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
