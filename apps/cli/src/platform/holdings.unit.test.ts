import { expect, test } from 'vitest';
import { openHoldings } from './holdings.ts';

test('things are undone in the reverse order of their registration', async () => {
  const undone: string[] = [];
  const holdings = openHoldings();
  await holdings.hold(Promise.resolve('first'), (name) => void undone.push(name));
  holdings.keep(() => void undone.push('second'));
  await holdings.release(() => undefined);
  expect(undone).toEqual(['second', 'first']);
});

test('a start still in flight is waited for and undone', async () => {
  const undone: string[] = [];
  const holdings = openHoldings();
  const late = Promise.withResolvers<string>();
  void holdings.hold(late.promise, (name) => void undone.push(name));
  const released = holdings.release(() => undefined);
  late.resolve('late');
  await released;
  expect(undone).toEqual(['late']);
});

test('a start that failed has nothing to undo, and a failing undo keeps nothing else from being undone', async () => {
  const undone: string[] = [];
  const failures: unknown[] = [];
  const holdings = openHoldings();
  holdings.keep(() => void undone.push('kept'));
  holdings.keep(() => Promise.reject(new Error('stuck')));
  const failed = holdings.hold(
    Promise.reject(new Error('no start')),
    () => void undone.push('never'),
  );
  await expect(failed).rejects.toThrow('no start');
  await holdings.release((error) => failures.push(error));
  expect(undone).toEqual(['kept']);
  expect(failures).toEqual([new Error('stuck')]);
});
