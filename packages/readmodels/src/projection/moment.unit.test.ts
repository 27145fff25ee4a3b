import fc from 'fast-check';
import { expect, test } from 'vitest';
import { momentAt } from './moment.ts';

test('a moment is told as ISO 8601 tells it, to the millisecond, whatever was asked before', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.date({ noInvalidDate: true }).map((date) => date.getTime()),
          fc.integer({ min: 0, max: 130_000 }),
        ),
      ),
      (times) => {
        for (const [time, later] of times)
          for (const at of [time, Math.min(time + later, 8.64e15), time])
            expect(momentAt(at)).toBe(new Date(at).toISOString());
      },
    ),
  );
});
