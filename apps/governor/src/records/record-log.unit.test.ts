import { expect, test } from 'vitest';
import { RecordLog } from './record-log.ts';
import type { Tail } from './tenant-records.ts';

/** What the log holds after records of one batch, by a governor of a name. */
async function stored(governor: string, tails: readonly Tail[]): Promise<object[]> {
  const bodies: Buffer[] = [];
  const log = new RecordLog({
    log: {
      append: ({ body }) => Promise.resolve(bodies.push(Buffer.from(body))),
      lastOf: () => Promise.resolve(undefined),
    },
    governor,
    clock: () => 0,
    onTrouble() {},
  });
  const records = log.of('default');
  for (const tail of tails) records.add('decision', tail);
  await records.flush(5000);
  records.stop();
  return JSON.parse(Buffer.concat(bodies).toString('utf8')) as object[];
}

test('a batch keeps every character, also where some of its records are known to be ASCII', async () => {
  const plain = { ascii: ',"note":"plain"}' };
  const tails = [plain, ',"note":"für Łódź, 語, 🚲"}', plain];
  expect(await stored('g', tails)).toMatchObject([
    { governor: 'g', n: 1, note: 'plain' },
    { n: 2, note: 'für Łódź, 語, 🚲' },
    { n: 3, note: 'plain' },
  ]);
  expect(await stored('g', [plain, plain])).toMatchObject([{ n: 1, note: 'plain' }, { n: 2 }]);
});

test('a governor may have any name, whatever its records are known to be', async () => {
  expect(await stored('Łódź', [{ ascii: '}' }])).toMatchObject([{ governor: 'Łódź', n: 1 }]);
});
