/**
 * Decisions against a bare NATS echo of the same bodies: both are asked by one process over one
 * connection and answered by one process each, in turns.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openRequester, type NatsConnection } from '@writ/bus';
import { evaluationReply, subjects } from '@writ/contracts';
import { isOverloaded, mustAllow, questionsOf, questionText } from './decision-questions.ts';
import { type Variant, variants } from './decision-variants.ts';
import { treeMemoryMb } from './machine.ts';
import { drive, interleave, Samples } from './measure.ts';
import { driveOpenly } from './open-loop.ts';
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

/** Who is told that there is no place asks again after a moment, and has waited since it was due. */
const OVERLOADED_MS = 5;

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
    const connection = await stage.connect('api-store');
    const echo = await startEcho(stage, await sampleReply(connection));
    const room = { connection, governorPid: governor.pid, echoPid: echo.pid, progress };
    const results: BenchResult[] = [];
    for (const variant of variants) results.push(await measure(room, variant));
    return results;
  } finally {
    await stage.stop();
  }
}

type Room = {
  readonly connection: NatsConnection;
  readonly governorPid: number;
  readonly echoPid: number;
  readonly progress: Progress;
};

/** One of the two that are compared. */
type Side = {
  readonly samples: Samples;
  readonly meter: ProcessorMeter;
  readonly ask: () => Promise<void>;
};

async function measure(room: Room, variant: Variant): Promise<BenchResult> {
  const { connection, governorPid, echoPid, progress } = room;
  const bodies = questionsOf(variant, AGENTS);
  const side = (pid: number, subject: string, check: (text: string) => void): Side => ({
    samples: new Samples(),
    meter: new ProcessorMeter(() => processorMs(pid)),
    async ask() {
      const body = bodies();
      for (;;) {
        const text = (await connection.request(subject, body, { timeout: 5000 })).string();
        if (!isOverloaded(text)) return check(text);
        await wait(OVERLOADED_MS);
      }
    },
  });
  const asked = side(governorPid, PERMISSION, mustAllow);
  const echoed = side(echoPid, ECHO, () => undefined);
  const { slice, saturation } = await loadOf(variant, asked);
  for (const { ask } of [asked, asked, echoed]) await slice(new Samples(), ask);
  let done = 0;
  const run = (one: Side) => async () => {
    await one.meter.during(() => slice(one.samples, one.ask));
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

type Slice = (samples: Samples, ask: () => Promise<void>) => Promise<void>;

/** Both sides get the same load: the echo is asked as often as the governor, not half as often as it could be. */
async function loadOf(
  { load }: Variant,
  { ask }: Side,
): Promise<{ readonly slice: Slice; readonly saturation?: BenchResult['saturation'] }> {
  const sliceMs = SLICE_MS;
  if ('inFlight' in load)
    return { slice: (samples, request) => drive(samples, { sliceMs, ...load }, request) };
  const busy = new Samples();
  for (let n = 0; n <= SATURATED_SLICES; n++)
    await drive(n === 0 ? new Samples() : busy, { sliceMs, inFlight: TO_SATURATE }, ask);
  const { perSecond } = busy.result();
  const asked = Math.round(perSecond * load.ofSaturation);
  return {
    slice: (samples, request) => driveOpenly(samples, { sliceMs, perSecond: asked }, request),
    saturation: { perSecond, asked },
  };
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
  mustAllow(text);
  return text;
}
