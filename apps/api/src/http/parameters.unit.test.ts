import { WritError } from '@writ/contracts';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { none, parsePath, parseQuery } from './parameters.ts';
import { sequence, since } from './query-fields.ts';

const query = z.strictObject({ from: sequence.optional(), since, type: z.string().optional() });

function refusalOf(work: () => unknown): WritError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof WritError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

test('a query becomes numbers and times', () => {
  expect(parseQuery(query, { from: '7', since: '2026-01-01T00:00:00Z' })).toEqual({
    from: 7,
    since: Date.parse('2026-01-01T00:00:00Z'),
  });
});

test('the plus of a time zone may arrive as a space', () => {
  expect(parseQuery(query, { since: '2026-01-01T01:00:00 01:00' }).since).toBe(
    Date.parse('2026-01-01T00:00:00Z'),
  );
});

test('an unknown parameter is refused by its name, with the known ones', () => {
  const error = refusalOf(() => parseQuery(query, { form: '7' }));
  expect(error.code).toBe('QUERY_INVALID');
  expect(error.details).toEqual([
    { path: 'form', message: 'is not a known parameter; use `from`, `since`, `type`' },
  ]);
  expect(error.message).toBe(
    'the query is not valid: `form` is not a known parameter; use `from`, `since`, `type`',
  );
});

test('a parameter that is given twice is refused', () => {
  const error = refusalOf(() => parseQuery(query, { type: ['a', 'b'] }));
  expect(error.details).toEqual([{ path: 'type', message: 'must be given once' }]);
});

test.each(['x', '', '1.5', '-1', 'Infinity', '9'.repeat(30)])('`%s` is no sequence', (from) => {
  const error = refusalOf(() =>
    parseQuery(z.strictObject({ from: sequence.refine((n) => n > 0, 'must not be empty') }), {
      from,
    }),
  );
  expect(error.details[0]?.path).toBe('from');
});

test('where nothing is taken, the refusal says so', () => {
  expect(refusalOf(() => parseQuery(none, { a: '1' })).details).toEqual([
    { path: 'a', message: 'is not a known parameter; none is taken here' },
  ]);
});

test('names of unknown parameters are clipped', () => {
  const error = refusalOf(() => parseQuery(none, { ['n'.repeat(10_000)]: '1' }));
  expect(error.message.length).toBeLessThan(400);
});

test('a bad part of the path has a code of its own', () => {
  const error = refusalOf(() =>
    parsePath(z.strictObject({ version: z.string().regex(/^\d+$/, 'must be a number') }), {
      version: 'x',
    }),
  );
  expect(error.code).toBe('PATH_INVALID');
  expect(error.message).toBe('the path is not valid: `version` must be a number');
});
