/**
 * Decisions against a bare NATS echo of the same bodies: both are asked by one process over one
 * connection and answered by one process, in turns.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRequester, type NatsConnection } from '@writ/bus';
import { evaluationReply, subjects } from '@writ/contracts';
import { treeMemoryMb } from './machine.ts';
import { drive, interleave, Samples } from './measure.ts';
import { type BenchResult, compare } from './report.ts';
import { agentIdOf, KEY, seed, TENANT } from './seed.ts';
import { seederKey, ENGINE_ACTION, enrolledAgent, policySet } from './seeded-events.ts';
import type { Progress } from './progress.ts';
import { openStage, type Stage } from './stage.ts';

const AGENTS = 1000;
const GRANTS_EACH = 20;
const POLICIES = 100;
const ROUNDS = 12;
const SLICE_MS = 500;

type Variant = {
  readonly name: string;
  readonly inFlight: number;
  /** Whether the same few questions come again, so that remembered answers serve them. */
  readonly repeating: boolean;
  readonly record: 'buffered' | 'required';
  /** Whether a policy applies that only the engine can judge; others are ruled out before it. */
  readonly engine: boolean;
};

const variants: readonly Variant[] = [
  { name: 'buffered-1', inFlight: 1, repeating: false, record: 'buffered', engine: false },
  { name: 'required-1', inFlight: 1, repeating: false, record: 'required', engine: false },
  { name: 'engine-1', inFlight: 1, repeating: false, record: 'buffered', engine: true },
  { name: 'unmemoised-32', inFlight: 32, repeating: false, record: 'buffered', engine: false },
  { name: 'engine-32', inFlight: 32, repeating: false, record: 'buffered', engine: true },
  { name: 'memoised-32', inFlight: 32, repeating: true, record: 'buffered', engine: false },
];

export async function benchDecisions(progress: Progress): Promise<BenchResult[]> {
  const stage = await openStage();
  try {
    progress.say(
      `decisions: filling the log with ${AGENTS} agents, ${AGENTS * GRANTS_EACH} grants and ${POLICIES} policies`,
    );
    await seed(await stage.store(), function* (seeding) {
      yield seederKey(seeding);
      yield policySet(seeding, POLICIES);
      for (let n = 0; n < AGENTS; n++) yield enrolledAgent(seeding, n, GRANTS_EACH);
    });
    const governor = await stage.run('governor');
    const connection = await stage.connect('api-store');
    const replyFile = join(stage.dataDir, 'reply.json');
    await writeFile(replyFile, await sampleReply(connection));
    await stage.script('./echo.ts', [
      join(stage.dataDir, 'secrets.json'),
      stage.natsUrl,
      replyFile,
    ]);
    const results: BenchResult[] = [];
    for (const variant of variants)
      results.push(
        await measure(stage, { connection, governorPid: governor.pid, variant, progress }),
      );
    return results;
  } finally {
    await stage.stop();
  }
}

type Room = {
  readonly connection: NatsConnection;
  readonly governorPid: number;
  readonly variant: Variant;
  readonly progress: Progress;
};

async function measure(
  _stage: Stage,
  { connection, governorPid, variant, progress }: Room,
): Promise<BenchResult> {
  const [asked, echoed] = [new Samples(), new Samples()];
  const options = { sliceMs: SLICE_MS, inFlight: variant.inFlight };
  const bodies = variant.repeating ? repeatingBodies(variant) : freshBodies(variant);
  const ask = async (subject: string, check: (text: string) => void) => {
    const reply = await connection.request(subject, bodies(), { timeout: 5000 });
    check(reply.string());
  };
  const permission = subjects.ask(TENANT, KEY, 'permission');
  const echo = permission.replace(/permission$/, 'echo');
  await drive(new Samples(), { ...options, sliceMs: 2 * SLICE_MS }, () =>
    ask(permission, mustAllow),
  );
  await drive(new Samples(), options, () => ask(echo, noCheck));
  let done = 0;
  const step = async (side: Promise<void>) => {
    await side;
    progress.step(`decisions ${variant.name}`, ++done / (2 * ROUNDS));
  };
  await interleave(ROUNDS, [
    () => step(drive(asked, options, () => ask(permission, mustAllow))),
    () => step(drive(echoed, options, () => ask(echo, noCheck))),
  ]);
  const memoryMb = await treeMemoryMb(governorPid);
  const floorIs = 'a bare NATS echo of the same bodies between two processes';
  return compare(
    { name: 'decisions', variant: variant.name, memoryMb, floorIs },
    asked.result(),
    echoed.result(),
  );
}

function noCheck(): void {}

function mustAllow(text: string): void {
  if (!text.startsWith('{"decision":true'))
    throw new Error(`the bench asked what must be allowed and got: ${text}`);
}

function questionText(
  n: number,
  resource: string,
  { record, engine }: Pick<Variant, 'record' | 'engine'>,
): string {
  return JSON.stringify({
    subject: { type: 'agent', id: agentIdOf(n % AGENTS) },
    action: { name: engine ? ENGINE_ACTION : 'analyse' },
    resource: { type: 'dataset', id: resource },
    context: { night: false, query: 'sum of all rides by month', estimatedCostMicros: 3000 },
    options: { record },
  });
}

/** Questions that were never asked before. */
function freshBodies(variant: Variant): () => string {
  let n = 0;
  const run = Date.now();
  return () => questionText(n++, `d-${run}-${n}`, variant);
}

/** The same 200 questions, over and over. */
function repeatingBodies(variant: Variant): () => string {
  const texts = Array.from({ length: 200 }, (_, i) => questionText(i, 'rides', variant));
  let n = 0;
  return () => texts[n++ % texts.length] ?? '';
}

async function sampleReply(connection: NatsConnection): Promise<string> {
  const question = {
    subject: subjects.ask(TENANT, KEY, 'permission'),
    body: questionText(0, 'sample', { record: 'buffered', engine: false }),
    timeoutMs: 5000,
  };
  const reply = await openRequester(connection).request(question);
  const text = new TextDecoder().decode(reply.data);
  evaluationReply.parse(JSON.parse(text));
  mustAllow(text);
  return text;
}
