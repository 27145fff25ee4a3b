import { checkBody, commands, WritError } from '@writ/contracts';
import { expect, test } from 'vitest';
import { createAfterwards } from '../afterwards.ts';
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
  const afterwards = createAfterwards((error) => troubles.push(error));
  const desk = {
    directory: {
      uses: { holdersOf: () => holders },
      async reached(seq: number) {
        asked.push(seq);
        await promise;
        holders = ['town:holder'];
      },
    },
    aggregates: {
      execute(_order: unknown, { parts }: { readonly parts: readonly { subject: string }[] }) {
        closed.push(...parts.map(({ subject }) => subject));
        return Promise.resolve({ events: [], seq: 0, result: {} });
      },
    },
    afterwards,
  };
  return { desk, closed, troubles, asked, fold, lose };
}

test('a use whose reservation is not folded yet is closed once it is, and the reply does not wait', async () => {
  const { desk, closed, asked, fold } = lagging();
  await closeUses(desk, report('succeeded'), REPORTED_AT);
  expect([asked, closed]).toEqual([[REPORTED_AT], []]);
  fold();
  await desk.afterwards.over();
  expect(closed).toEqual([expect.stringContaining('town')]);
});

test('a use that is given back is free again when the reply comes', async () => {
  const { desk, closed, fold } = lagging();
  fold();
  await closeUses(desk, report('cancelled'), REPORTED_AT);
  expect(closed).toHaveLength(1);
});

test('a use that can not be given back now fails the report, so that it is sent once more', async () => {
  const { desk, closed, troubles, lose } = lagging();
  lose(new WritError('STALE_STATE', 'behind'));
  await expect(closeUses(desk, report('cancelled'), REPORTED_AT)).rejects.toMatchObject({
    code: 'STALE_STATE',
  });
  expect([closed, troubles]).toEqual([[], []]);
});

test('a directory that does not get there is told of, and not in the reply, where nothing is given back', async () => {
  const { desk, troubles, lose } = lagging();
  lose(new Error('behind'));
  await closeUses(desk, report('succeeded'), REPORTED_AT);
  await desk.afterwards.over();
  expect(troubles).toEqual([new Error('behind')]);
});
