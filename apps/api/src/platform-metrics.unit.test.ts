import type { RoleReport } from '@writ/contracts';
import { Registry } from 'prom-client';
import { beforeEach, expect, test } from 'vitest';
import { createPlatformMetrics, type PlatformMetrics } from './platform-metrics.ts';

let registry: Registry;
let metrics: PlatformMetrics;
beforeEach(() => {
  registry = new Registry();
  metrics = createPlatformMetrics([registry]);
});

const told = (instance: string, made: number, leaving = false): RoleReport => ({
  role: 'snapshotter',
  instance,
  ready: true,
  detail: null,
  leaving,
  lanes: [],
  snapshots: { loaded: 0, made, ignored: { damaged: made } },
});

async function made(): Promise<unknown> {
  const { values } = (await registry.getSingleMetric('writ_snapshots_made_total')?.get()) ?? {
    values: [],
  };
  return values.map(({ value }) => value);
}

test('what a process did is counted once, whatever time passes between its reports', async () => {
  metrics.count(told('a', 2));
  metrics.count(told('b', 1));
  metrics.count(told('a', 2));
  metrics.count(told('a', 5));
  expect(await made()).toEqual([6]);
});

test('the last report of a process counts, and what is held of it goes with it', async () => {
  metrics.count(told('a', 2));
  metrics.count(told('a', 3, true));
  expect(await made()).toEqual([3]);
  metrics.count(told('a', 1));
  expect(await made()).toEqual([4]);
});

test('of very many processes those heard of last are told apart', async () => {
  for (let n = 0; n < 2000; n++) {
    metrics.count(told('steady', 1));
    metrics.count(told(`p${n}`, 1));
  }
  expect(await made()).toEqual([2001]);
  metrics.count(told('p0', 1));
  expect(await made()).toEqual([2002]);
});
