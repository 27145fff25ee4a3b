import { checkBody, commands } from '@writ/contracts';
import { expect, test } from 'vitest';
import type { Order } from '../order.ts';
import { closeUses } from './uses.ts';

const REPORTED_AT = 7;

const report = (outcome: 'succeeded' | 'cancelled'): Order<'execution.report'> => ({
  caller: { tenant: 'default', keyId: 'k0operator', role: 'admin', agents: [] },
  verb: 'execution.report',
  body: checkBody(commands['execution.report'].schema, {
    agentId: 'town:user',
    action: 'count',
    resource: 'dataset:x',
    outcome,
    decisionId: '0199f0c4-0000-7000-8000-000000000001',
  }),
  idempotencyKey: null,
  fingerprint: '',
  correlationId: null,
  traceparent: null,
  receivedMs: 0,
});

/** A directory that folds the reservation when `fold` is called, and fails to when `lose` is. */
function lagging() {
  const closed: string[] = [];
  const troubles: unknown[] = [];
  const asked: number[] = [];
  const { promise, resolve: fold, reject: lose } = Promise.withResolvers<void>();
  let holders: readonly string[] = [];
  promise.catch(() => undefined);
  const settled = Promise.withResolvers<void>();
  const desk = {
    directory: {
      holdersOfUse: () => holders,
      async reached(seq: number) {
        asked.push(seq);
        await promise;
        holders = ['town:holder'];
      },
    },
    aggregates: {
      execute(_order: unknown, { parts }: { readonly parts: readonly { subject: string }[] }) {
        closed.push(...parts.map(({ subject }) => subject));
        settled.resolve();
        return Promise.resolve({ events: [], seq: 0, result: {} });
      },
    },
    onTrouble(error: unknown) {
      troubles.push(error);
      settled.resolve();
    },
  };
  return { desk, closed, troubles, asked, fold, lose, settled: settled.promise };
}

test('a use whose reservation is not folded yet is closed once it is, and the reply does not wait', async () => {
  const { desk, closed, asked, fold, settled } = lagging();
  await closeUses(desk, report('succeeded'), REPORTED_AT);
  expect([asked, closed]).toEqual([[REPORTED_AT], []]);
  fold();
  await settled;
  expect(closed).toEqual([expect.stringContaining('town')]);
});

test('a use that is given back is free again when the reply comes', async () => {
  const { desk, closed, fold } = lagging();
  fold();
  await closeUses(desk, report('cancelled'), REPORTED_AT);
  expect(closed).toHaveLength(1);
});

test('a directory that does not get there is told of, and not in the reply', async () => {
  const { desk, troubles, lose } = lagging();
  lose(new Error('behind'));
  await closeUses(desk, report('cancelled'), REPORTED_AT);
  expect(troubles).toEqual([new Error('behind')]);
});
