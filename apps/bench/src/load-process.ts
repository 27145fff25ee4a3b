/** Asks in the slices that its parent names, and tells what each answer took. */
import { setTimeout as wait } from 'node:timers/promises';
import { connectAs, readSecrets } from '@writ/bus';
import { type Ask, LOST_MS, openAsker } from './asker.ts';
import { isAllow, questionsOf } from './decision-questions.ts';
import type { LoadReply, LoadSlice } from './load.ts';
import { drive, Samples } from './measure.ts';
import { driveOpenly } from './open-loop.ts';
import { startTicks } from './ticks.ts';

/** Who is told that there is no place asks again after a moment, and has waited since it was due. */
const OVERLOADED_MS = 5;

const [secretsFile = '', natsUrl = ''] = process.argv.slice(2);
const connection = await connectAs(await readSecrets(secretsFile), 'api-store', {
  servers: natsUrl,
  name: 'bench-load',
});
const senders: Readonly<Record<LoadSlice['sender'], Ask>> = {
  usual: async (subject, body) =>
    (await connection.request(subject, body, { timeout: LOST_MS })).data,
  lean: openAsker(connection),
};
const ticks = startTicks();

async function run({ sender, subject, questions, shape, sliceMs }: LoadSlice): Promise<LoadReply> {
  const samples = new Samples();
  const bodies = questionsOf(questions, questions.agents);
  const ask = senders[sender];
  const request = async (): Promise<void> => {
    const body = bodies();
    while (!isAllow(await ask(subject, body))) await wait(OVERLOADED_MS);
  };
  if ('inFlight' in shape) await drive(samples, { sliceMs, ...shape }, request);
  else await driveOpenly(samples, { sliceMs, ...shape }, ticks, request);
  return samples.taken();
}

process.on('message', (slice: LoadSlice) => {
  const failed = (thrown: unknown): LoadReply => ({ failed: String(thrown) });
  void run(slice)
    .catch(failed)
    .then((reply) => process.send?.(reply));
});
process.once('disconnect', () => process.exit());
process.send?.('ready');
