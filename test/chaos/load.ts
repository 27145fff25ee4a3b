/** The clients of a run, all at work until they are told to finish. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Store } from '@writ/readmodels';
import { connect } from '@nats-io/transport-node';
import type { ChaosOptions } from './chaos.ts';
import { ChaosClient } from './client.ts';
import {
  factsLane,
  inboxLane,
  type Lane,
  livesLane,
  prepareSteadyAgents,
  questionsLane,
  rowsLane,
} from './lanes.ts';
import type { Ledger } from './ledger.ts';
import { seededRandom } from './random.ts';
import type { Stage } from './stage.ts';

const FINISH_MS = 90_000;
/** Between two things that a client does: the machine is shared with what is tested. */
const PAUSE_MS = 40;

export type Load = { finish(): Promise<void>; close(): Promise<void> };

/** Starts so many clients of each kind; resolves when they are at work. */
export async function startLoad(
  { stage, readModels, ledger }: { stage: Stage; readModels: Store; ledger: Ledger },
  { seed, clients }: Pick<ChaosOptions, 'seed' | 'clients'>,
): Promise<Load> {
  const random = seededRandom(seed + 1);
  const giveUp = new AbortController();
  const open: ChaosClient[] = [];
  const client = async (lane: string): Promise<ChaosClient> => {
    const { natsUrl, adminKey } = stage;
    const shared = { natsUrl, adminKey, ledger, random, giveUp: giveUp.signal };
    const made = await ChaosClient.connect({ lane, ...shared });
    open.push(made);
    return made;
  };
  const inbox = await connect({
    servers: stage.natsUrl.split(','),
    token: stage.adminKey,
    inboxPrefix: `_INBOX.${keyIdOf(stage.adminKey)}`,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
  });
  await prepareSteadyAgents(await client('commands-0'));
  const lanes: Lane[] = [rowsLane(await client('rows-1'), readModels, ledger)];
  for (let n = 1; n <= clients; n++)
    lanes.push(
      livesLane(await client(`commands-${n}`)),
      factsLane(await client(`facts-${2 * n - 1}`), random),
      factsLane(await client(`facts-${2 * n}`), random),
      questionsLane(await client(`questions-${n}`), random),
      inboxLane(
        await client(`inbox-${n}`),
        { connection: inbox, keyId: keyIdOf(stage.adminKey) },
        random,
      ),
    );
  let running = true;
  const ended = lanes.map(async (lane) => {
    while (running) {
      await lane();
      await wait(PAUSE_MS);
    }
  });
  return {
    async finish() {
      running = false;
      const late = setTimeout(() => giveUp.abort(), FINISH_MS);
      await Promise.all(ended);
      clearTimeout(late);
    },
    async close() {
      running = false;
      giveUp.abort();
      await Promise.allSettled([...ended, inbox.close(), ...open.map((one) => one.close())]);
    },
  };
}

function keyIdOf(apiKey: string): string {
  return apiKey.split('_')[1] ?? '';
}
