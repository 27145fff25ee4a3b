/**
 * How much a decision costs beside a bare NATS echo of the same bodies, in turns in one run:
 * `node apps/governor/bench/decisions.ts [rounds] [slice in ms]`. The governor and the echo each run
 * in a process of their own; `GOVERNOR_FLAGS` are passed to the governor's node (`--cpu-prof`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { NatsConnection } from '@writ/bus';
import { GovernedBus, questionOf } from '../src/governed-bus.fixture.ts';

type Side = {
  readonly name: string;
  readonly subject: string;
  readonly inFlight: number;
  readonly bodyOf: (n: number) => string;
};
type Samples = { latencies: number[]; elapsedMs: number };

const AGENTS = 50;
const POLICIES = 20;
const ASK = 'writ.default.ask.k0admin0000.permission';
const ECHO = 'bench.echo';

const [rounds = 10, sliceMs = 500] = process.argv.slice(2).map(Number);

async function prepare(): Promise<GovernedBus> {
  const bus = await GovernedBus.start();
  for (let i = 0; i < AGENTS; i++) {
    await bus.register(`lab:agent${i}`);
    await bus.grant(`lab:agent${i}`, { actions: ['read', 'search'] });
  }
  const forbids = Array.from({ length: POLICIES }, (_, i): [string, string] => [
    `p${i}`,
    i < 2
      ? `forbid (principal, action == Action::"read", resource) unless { principal.trust >= ${50 + i} };`
      : `forbid (principal, action == Action::"act${i}", resource);`,
  ]);
  // Only the engine can follow a pattern.
  forbids.push([
    'like',
    'forbid (principal, action == Action::"search", resource) when { context.query like "*drop table*" };',
  ]);
  await bus.activate(Object.fromEntries(forbids));
  return bus;
}

async function child(
  file: string,
  bus: GovernedBus,
  flags: readonly string[] = [],
): Promise<ChildProcess> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const spawned = spawn(process.execPath, [...flags, path], {
    env: { ...process.env, BENCH_URL: bus.bus.url, BENCH_SECRETS: JSON.stringify(bus.bus.secrets) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(spawned, 'message');
  return spawned;
}

async function drive(connection: NatsConnection, side: Side, samples: Samples): Promise<void> {
  const until = performance.now() + sliceMs;
  const began = performance.now();
  let n = 0;
  const loop = async (): Promise<void> => {
    for (;;) {
      const sent = performance.now();
      if (sent >= until) return;
      const reply = await connection.request(side.subject, side.bodyOf(n++), { timeout: 5000 });
      samples.latencies.push(performance.now() - sent);
      if (side.subject === ASK && reply.data[12] !== 116)
        throw new Error(`denied: ${reply.string()}`);
    }
  };
  await Promise.all(Array.from({ length: side.inFlight }, loop));
  samples.elapsedMs += performance.now() - began;
}

function resultOf({ latencies, elapsedMs }: Samples): { p50: number; p99: number; rate: number } {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), rate: latencies.length / (elapsedMs / 1000) };
}

let unique = 0;
const questions = Array.from({ length: AGENTS }, (_, i) =>
  JSON.stringify(
    questionOf(`lab:agent${i}`, {
      context: { query: 'top ten customers by revenue', estimatedCostMicros: 3000 },
    }),
  ),
);
const remembered = (n: number): string => questions[n % AGENTS] ?? '';
const fresh = (n: number): string => `${remembered(n).slice(0, -2)},"requestNumber":${unique++}}}`;

const bus = await prepare();
const echo = await child('./echo.ts', bus);
const governor = await child(
  '../src/governor-process.fixture.ts',
  bus,
  (process.env['GOVERNOR_FLAGS'] ?? '').split(' ').filter(Boolean),
);
const connection = await bus.bus.connect('operator');
const engine = (n: number): string => fresh(n).replace('"read"', '"search"');
const required = (n: number): string =>
  `${remembered(n).slice(0, -1)},"options":{"record":"required"}}`;
const variants = [
  { name: 'buffered-1', inFlight: 1, bodyOf: fresh },
  { name: 'engine-1', inFlight: 1, bodyOf: engine },
  { name: 'memoised-1', inFlight: 1, bodyOf: remembered },
  { name: 'required-1', inFlight: 1, bodyOf: required },
  { name: 'unmemoised-32', inFlight: 32, bodyOf: fresh },
  { name: 'engine-32', inFlight: 32, bodyOf: engine },
  { name: 'memoised-32', inFlight: 32, bodyOf: remembered },
].filter(({ name }) => (process.env['BENCH_ONLY'] ?? name) === name);
// The compilers of both processes warm up on many questions before anything counts.
for (const subject of [ECHO, ASK])
  for (let i = 0; i < 8; i++)
    await drive(
      connection,
      { name: 'warm-up', subject, inFlight: 32, bodyOf: i % 2 === 0 ? fresh : engine },
      { latencies: [], elapsedMs: 0 },
    );
for (const variant of variants) {
  const sides = [
    { ...variant, subject: ECHO },
    { ...variant, subject: ASK },
  ] as const;
  for (const side of sides) await drive(connection, side, { latencies: [], elapsedMs: 0 });
  const samples = sides.map((): Samples => ({ latencies: [], elapsedMs: 0 }));
  for (let round = 0; round < rounds; round++)
    for (const [i, side] of sides.entries()) await drive(connection, side, samples[i] as Samples);
  const [floor, own] = samples.map(resultOf);
  if (!floor || !own) continue;
  const show = (r: typeof own): string =>
    `p50 ${r.p50.toFixed(3)} ms  p99 ${r.p99.toFixed(2)} ms  ${Math.round(r.rate)}/s`;
  console.log(
    `${variant.name.padEnd(14)} echo ${show(floor)}\n${''.padEnd(14)} writ ${show(own)}  ratio p50 ${(own.p50 / floor.p50).toFixed(2)} rate ${(own.rate / floor.rate).toFixed(2)}`,
  );
}
governor.kill('SIGTERM');
await once(governor, 'exit');
echo.kill('SIGTERM');
await bus.stop();
