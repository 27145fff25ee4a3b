/**
 * The load: lanes that each do one thing after the other, for as long as they may.
 * A lane knows what it was told, and so what the next answer has to be.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { subjects, WritError } from '@writ/contracts';
import { listPositions, type Store } from '@writ/readmodels';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import type { ChaosClient } from './client.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import { TENANT } from './stage.ts';

export type Lane = () => Promise<void>;

export const STEADY_AGENTS = 4;
const steady = (index: number): string => `chaos:steady_${index}`;
const resources = ['dataset:*'];
const agent = (agentId: string) => ({ agentId, name: agentId, type: 'worker', version: '1.0.0' });

/** The agents that facts and questions are about: they may `work`, and nothing else. */
export async function prepareSteadyAgents(client: ChaosClient): Promise<void> {
  for (let index = 0; index < STEADY_AGENTS; index++) {
    await client.command('registry.register-agent', agent(steady(index)));
    await client.command('authority.issue-grant', {
      agentId: steady(index),
      actions: ['work'],
      resources,
    });
  }
}

/** The life of one agent after the other: what was taken from it must be denied from then on. */
export function livesLane(client: ChaosClient): Lane {
  return async () => {
    const agentId = `chaos:${client.name('life')}`;
    const ask = (expected: 'allow' | 'deny', required = false) =>
      client.ask({ agentId, action: 'work', expected, required });
    await client.refused('registry.suspend-agent', { agentId }, 'AGENT_UNKNOWN');
    if (!(await client.command('registry.register-agent', agent(agentId)))) return;
    await ask('deny');
    if (!(await client.command('authority.issue-grant', { agentId, actions: ['work'], resources })))
      return;
    await ask('allow');
    if (!(await client.command('registry.suspend-agent', { agentId, reason: 'chaos' }))) return;
    await ask('deny', true);
    if (!(await client.command('registry.resume-agent', { agentId }))) return;
    await ask('allow', true);
    if (!(await client.command('registry.retire-agent', { agentId }))) return;
    await ask('deny');
  };
}

/** Executions announced and reported, and feedback; several lanes write to one agent's facts. */
export function factsLane(client: ChaosClient, random: Random): Lane {
  return async () => {
    const agentId = steady(random.below(STEADY_AGENTS));
    const executionId = client.name('exec');
    const what = { executionId, agentId, action: 'work', resource: 'dataset:sales' };
    if (random.next() < 0.5) await client.command('execution.start', what);
    await client.command('execution.report', { ...what, outcome: 'succeeded', durationMs: 5 });
    if (random.next() < 0.3)
      await client.command('trust.give-feedback', {
        feedbackId: client.name('fb'),
        agentId,
        executionId,
        rating: 0.9,
        source: 'human',
        rater: 'usr_chaos',
        severity: 'normal',
      });
  };
}

/** What is granted, and what is not, asked of whichever governor is there. */
export function questionsLane(client: ChaosClient, random: Random): Lane {
  return async () => {
    const agentId = steady(random.below(STEADY_AGENTS));
    const granted = random.next() < 0.6;
    await client.ask({
      agentId,
      action: granted ? 'work' : 'steal',
      expected: granted ? 'allow' : 'deny',
      required: random.next() < 0.3,
    });
    await wait(10);
  };
}

export type Inbox = { readonly connection: NatsConnection; readonly keyId: string };

/** Commands left in INBOX: acknowledged by the broker, handled by whichever commander is there. */
export function inboxLane(client: ChaosClient, { connection, keyId }: Inbox, random: Random): Lane {
  return async () => {
    const operation = client.begin('execution.report');
    const what = {
      executionId: `queued-${operation.key}`,
      agentId: steady(random.below(STEADY_AGENTS)),
    };
    const body = JSON.stringify({
      ...what,
      action: 'work',
      resource: 'dataset:sales',
      outcome: 'succeeded',
    });
    const lines = headers();
    lines.set('Writ-Idempotency-Key', operation.key);
    const subject = subjects.inbox({ tenant: TENANT, key: keyId, verb: 'execution.report' });
    const taken = await client.persist(async () => {
      const ack = await connection
        .request(subject, body, { headers: lines, timeout: 3000 })
        .catch(notStored);
      const { seq, error } = ack.json<{ seq?: number; error?: { description: string } }>();
      return seq ?? notStored(error?.description);
    });
    if (taken !== undefined) operation.fate = 'queued';
    await wait(20);
  };
}

function notStored(cause: unknown): never {
  throw new WritError('BUS_UNAVAILABLE', 'the broker did not say that it has the command', {
    cause,
  });
}

/** Waits again and again until the rows have what the clients were told when it began to wait. */
export function rowsLane(client: ChaosClient, readModels: Store, ledger: Ledger): Lane {
  return async () => {
    const wanted = ledger.lastSeq;
    await client.persist(async () => {
      while (!client.givenUp && (await lowestPosition(readModels, 'EVENTS')) < wanted)
        await wait(50);
    });
    await wait(250);
  };
}

/** Up to where every projection of a stream has got. */
export async function lowestPosition(
  readModels: Store,
  source: 'EVENTS' | 'DECISIONS',
): Promise<number> {
  const rows = (await listPositions(readModels)).filter((row) => row.source === source);
  return rows.length === 0 ? 0 : Math.min(...rows.map((row) => row.seq));
}
