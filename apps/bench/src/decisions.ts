/**
 * Decisions against a bare NATS echo of the same bodies: both are asked by one process over one
 * connection and answered by one process each, in turns.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRequester, type NatsConnection } from '@writ/bus';
import { evaluationReply, subjects } from '@writ/contracts';
import { isAllow, questionText } from './decision-questions.ts';
import { type Variant, variants } from './decision-variants.ts';
import { treeMemoryMb } from './machine.ts';
import type { Load, LoadShape } from './load.ts';
import { interleave, Samples, type Taken } from './measure.ts';
import { processorMs, ProcessorMeter, processorUs } from './processor-time.ts';
import { type BenchResult, compare } from './report.ts';
import { KEY, seed, TENANT } from './seed.ts';
import { seederKey, enrolledAgents, policySet } from './seeded-events.ts';
import type { Progress } from './progress.ts';
import { openStage, type Stage } from './stage.ts';

const AGENTS = 10_000;
const GRANTS_EACH = 20;
const POLICIES = 100;
const ROUNDS = 12;
const SLICE_MS = 500;
/** In flight where the rate is sought at which all is busy. */
const TO_SATURATE = 128;
const SATURATED_SLICES = 4;

const PERMISSION = subjects.ask(TENANT, KEY, 'permission');
const ECHO = PERMISSION.replace(/permission$/, 'echo');

export async function benchDecisions(progress: Progress): Promise<BenchResult[]> {
  const stage = await openStage();
  try {
    progress.say(
      `decisions: filling the log with ${AGENTS} agents, ${AGENTS * GRANTS_EACH} grants and ${POLICIES} policies`,
    );
    await seed(await stage.store(), function* (seeding) {
      yield seederKey(seeding);
      yield policySet(seeding, POLICIES);
      yield* enrolledAgents(seeding, { from: 0, to: AGENTS, grants: GRANTS_EACH });
    });
    const governor = await stage.run('governor');
    const echo = await startEcho(stage, await sampleReply(await stage.connect('api-store')));
    const load = await stage.load();
    const room = { load, governorPid: governor.pid, echoPid: echo.pid, progress };
    const results: BenchResult[] = [];
    for (const variant of variants) results.push(await measure(room, variant));
    return results;
  } finally {
    await stage.stop();
  }
}

type Room = {
  readonly load: Load;
  readonly governorPid: number;
  readonly echoPid: number;
  readonly progress: Progress;
};

/** One of the two that are compared. */
type Side = {
  readonly samples: Samples;
  readonly meter: ProcessorMeter;
  readonly slice: (shape: LoadShape) => Promise<Taken>;
};

async function measure(room: Room, variant: Variant): Promise<BenchResult> {
  const { load, governorPid, echoPid, progress } = room;
  const questions = { ...variant, agents: AGENTS };
  const sender = 'inFlight' in variant.load ? 'usual' : 'lean';
  const side = (pid: number, subject: string): Side => ({
    samples: new Samples(),
    meter: new ProcessorMeter(() => processorMs(pid)),
    slice: (shape) => load.run({ subject, questions, shape, sender, sliceMs: SLICE_MS }),
  });
  const asked = side(governorPid, PERMISSION);
  const echoed = side(echoPid, ECHO);
  const { shape, saturation } = await shapeOf(variant, asked);
  for (const { slice } of [asked, asked, echoed]) await slice(shape);
  let done = 0;
  const run =
    ({ samples, meter, slice }: Side) =>
    async () => {
      await meter.during(async () => samples.addAll(await slice(shape)));
      progress.step(`decisions ${variant.name}`, ++done / (2 * ROUNDS));
    };
  await interleave(ROUNDS, [run(asked), run(echoed)]);
  const spent = processorUs(spentBy(asked), spentBy(echoed));
  return compare(
    {
      name: 'decisions',
      variant: variant.name,
      memoryMb: await treeMemoryMb(governorPid),
      floorIs: 'a bare NATS echo of the same bodies between two processes',
      ...(spent && { processorUs: spent }),
      ...(saturation && { saturation }),
      wanted: variant.wanted,
    },
    asked.samples.result(),
    echoed.samples.result(),
  );
}

/** Both sides get the same load: the echo is asked as often as the governor, not half as often as it could be. */
async function shapeOf(
  { load }: Variant,
  { slice }: Side,
): Promise<{ readonly shape: LoadShape; readonly saturation?: BenchResult['saturation'] }> {
  if ('inFlight' in load) return { shape: load };
  const busy = new Samples();
  const saturating = { inFlight: TO_SATURATE };
  await slice(saturating);
  for (let n = 0; n < SATURATED_SLICES; n++) busy.addAll(await slice(saturating));
  const { perSecond } = busy.result();
  const asked = Math.round(perSecond * load.ofSaturation);
  return { shape: { perSecond: asked }, saturation: { perSecond, asked } };
}

function spentBy({ meter: { spentMs }, samples: { count } }: Side) {
  return { spentMs, count };
}

async function startEcho(stage: Stage, reply: string): Promise<{ readonly pid: number }> {
  const replyFile = join(stage.dataDir, 'reply.json');
  await writeFile(replyFile, reply);
  return await stage.script('./echo.ts', [
    join(stage.dataDir, 'secrets.json'),
    stage.natsUrl,
    replyFile,
  ]);
}

async function sampleReply(connection: NatsConnection): Promise<string> {
  const question = {
    subject: PERMISSION,
    body: questionText({ record: 'buffered', engine: false }, 0, 'sample'),
    timeoutMs: 5000,
  };
  const reply = await openRequester(connection).request(question);
  const text = new TextDecoder().decode(reply.data);
  evaluationReply.parse(JSON.parse(text));
  if (!isAllow(reply.data)) throw new Error('the governor had no place for the first question');
  return text;
}
