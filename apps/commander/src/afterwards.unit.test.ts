import { expect, test } from 'vitest';
import { createAfterwards } from './afterwards.ts';

test('it is over when all is done that was added, also while others were waited for', async () => {
  const done: string[] = [];
  const troubles: unknown[] = [];
  const afterwards = createAfterwards((error, what) => troubles.push([error, what]));
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  afterwards.add(
    first.promise.then(() => {
      done.push('first');
      afterwards.add(
        second.promise.then(() => void done.push('second')),
        'the second is lost',
      );
    }),
    'the first is lost',
  );
  afterwards.add(Promise.reject(new Error('away')), 'it is lost');
  const over = afterwards.over().then(() => done.push('over'));
  first.resolve();
  await first.promise;
  second.resolve();
  await over;
  expect(done).toEqual(['first', 'second', 'over']);
  expect(troubles).toEqual([[new Error('away'), 'it is lost']]);
  await afterwards.over();
});
