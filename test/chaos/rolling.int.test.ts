import { eventually, startTestBus } from '@writ/testkit';
import { expect, test } from 'vitest';
import { startRolling } from './rolling.ts';

test('a log that can not be rolled over is a fault, and the run goes on', async () => {
  const bus = await startTestBus();
  const said: string[] = [];
  const faults: string[] = [];
  const rolling = await startRolling(bus, {
    everyMs: 1,
    patienceMs: 1,
    tell: (text) => said.push(text),
    onFault: (fault) => faults.push(fault),
  });
  // Nothing is in it, so there is nothing to close.
  await eventually(() => said.some((text) => text.includes('is tried again')));
  await rolling.stop();
  await rolling.stop();
  expect(faults).toEqual([
    expect.stringMatching(/^the log could not be rolled over: .*`1` of the log is empty/),
  ]);
  expect(rolling.rolls).toBe(0);
  await bus.stop();
});
