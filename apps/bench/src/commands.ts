/** Commands against a bare acknowledged publish to a stream of the same kind, 32 at a time on both sides. */
import { type NatsConnection } from '@writ/bus';
import { subjects } from '@writ/contracts';
import { treeMemoryMb } from './machine.ts';
import { drive, interleave, Samples } from './measure.ts';
import type { Progress } from './progress.ts';
import { type BenchResult, compare } from './report.ts';
import { agentIdOf, KEY, seed, TENANT } from './seed.ts';
import { seederKey, enrolledAgent } from './seeded-events.ts';
import { openStage, type Stage } from './stage.ts';

const AGENTS = 500;
const ROUNDS = 10;
const SLICE_MS = 500;
const IN_FLIGHT = 32;
const FLOOR_STREAM = 'FLOOR';

export async function benchCommands(progress: Progress): Promise<BenchResult[]> {
  const stage = await openStage();
  try {
    progress.say(`commands: registering ${AGENTS} agents`);
    await registerAgents(stage);
    const commander = await stage.run('commander');
    const asking = await stage.connect('api-store');
    const operator = await stage.connect('operator');
    await addFloorStream(operator);
    const [given, published] = [new Samples(), new Samples()];
    const options = { sliceMs: SLICE_MS, inFlight: IN_FLIGHT };
    const report = reporter(asking);
    const publish = publisher(operator);
    await drive(new Samples(), { ...options, sliceMs: 2 * SLICE_MS }, report);
    await drive(new Samples(), options, publish);
    let done = 0;
    const step = async (side: Promise<void>) => {
      await side;
      progress.step('commands report-32', ++done / (2 * ROUNDS));
    };
    await interleave(ROUNDS, [
      () => step(drive(given, options, report)),
      () => step(drive(published, options, publish)),
    ]);
    const memoryMb = await treeMemoryMb(commander.pid);
    const floorIs = 'a bare acknowledged JetStream publish of the same bodies, 32 in flight';
    return [
      compare(
        {
          name: 'commands',
          variant: 'report-32',
          memoryMb,
          floorIs,
          wanted: [{ of: 'rateRatio', atLeast: 0.4 }],
        },
        given.result(),
        published.result(),
      ),
    ];
  } finally {
    await stage.stop();
  }
}

/** Whoever reports. */
export async function registerAgents(stage: Stage): Promise<void> {
  await seed(await stage.store(), function* (seeding) {
    yield seederKey(seeding);
    for (let n = 0; n < AGENTS; n++) yield enrolledAgent(seeding, n, 0);
  });
}

function body(n: number): string {
  return JSON.stringify({
    executionId: `e-${process.pid}-${n}`,
    agentId: agentIdOf(n % AGENTS),
    action: 'analyse',
    resource: 'dataset:rides',
    outcome: 'succeeded',
    durationMs: 840,
    costMicros: 3100,
    tokens: { input: 812, output: 240 },
  });
}

/** Gives a command, the next one each time. */
export function reporter(connection: NatsConnection): () => Promise<void> {
  const subject = subjects.command({ tenant: TENANT, key: KEY, verb: 'execution.report' });
  let n = 0;
  return async () => {
    const reply = await connection.request(subject, body(n++), { timeout: 10_000 });
    if (!reply.string().startsWith('{"ok":true'))
      throw new Error(`a command of the bench was refused: ${reply.string()}`);
  };
}

/** Publishes the same body, and waits until it is stored. */
export function publisher(connection: NatsConnection): () => Promise<void> {
  let n = 0;
  return async () => {
    const ack = await connection.request(`floor.${n % AGENTS}`, body(n++), { timeout: 10_000 });
    if (ack.string().includes('"error"')) throw new Error(`the floor was refused: ${ack.string()}`);
  };
}

/** A stream of the same kind as the log, and of nobody else. */
export async function addFloorStream(connection: NatsConnection): Promise<void> {
  const config = {
    name: FLOOR_STREAM,
    subjects: ['floor.>'],
    storage: 'file',
    retention: 'limits',
    num_replicas: 1,
    max_bytes: 2 ** 29,
  };
  const reply = await connection.request(
    `$JS.API.STREAM.CREATE.${FLOOR_STREAM}`,
    JSON.stringify(config),
  );
  if (reply.string().includes('"error"'))
    throw new Error(`the floor's stream could not be made: ${reply.string()}`);
}
