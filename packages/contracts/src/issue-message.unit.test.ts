import { expect, test } from 'vitest';
import { z } from 'zod';
import { checkBody } from './body.ts';
import type { WritError } from './errors.ts';

const schema = z.strictObject({
  name: z.string().min(1).max(3).optional(),
  count: z.int().min(0).optional(),
  outcome: z.enum(['good', 'bad']).optional(),
  engine: z.literal('cedar').optional(),
  id: z.uuid().optional(),
  list: z.array(z.string()).min(1).optional(),
  map: z.record(z.string().regex(/^[a-z]+$/, 'must be of `a-z`'), z.number()).optional(),
  kind: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('one') }),
      z.strictObject({ kind: z.literal('two') }),
    ])
    .optional(),
  needed: z.strictObject({ inner: z.string() }).optional(),
});

function detailOf(body: unknown): unknown {
  try {
    checkBody(schema, body);
  } catch (thrown) {
    return (thrown as WritError).details[0];
  }
  return undefined;
}

test.each([
  ['another type', { name: 5 }, 'name', 'must be a string, not a number'],
  ['null', { name: null }, 'name', 'must be a string, not null'],
  ['a fraction', { count: 1.5 }, 'count', 'must be a whole number, not 1.5'],
  ['a number below its bound', { count: -1 }, 'count', 'must be at least 0'],
  ['a text that is too short', { name: '' }, 'name', 'must have at least 1 character'],
  ['a text that is too long', { name: 'abcd' }, 'name', 'must have at most 3 characters'],
  [
    'a word that is not in the list',
    { outcome: 'ugly' },
    'outcome',
    'must be one of `good`, `bad`',
  ],
  ['the one word that is not', { engine: 'rego' }, 'engine', 'must be `cedar`'],
  ['an id that is none', { id: 'x' }, 'id', 'must be a UUID'],
  ['an empty list', { list: [] }, 'list', 'must have at least 1 item'],
  ['a list of something else', { list: [1] }, 'list.0', 'must be a string, not a number'],
  [
    'a name that is not allowed',
    { map: { A: 1 } },
    'map.A',
    'has a name that is not allowed: it must be of `a-z`',
  ],
  [
    'a kind that there is not',
    { kind: { kind: 'three' } },
    'kind.kind',
    'must be one of `one`, `two`',
  ],
  ['a member that is missing', { needed: {} }, 'needed.inner', 'is missing; it must be a string'],
  [
    'a member that is not known',
    { mane: 'x' },
    'mane',
    'is not a known property; leave it out or check its spelling',
  ],
  ['no object', [], '', 'must be an object, not a list'],
])('%s is told in words of ours', (_what, body, path, message) => {
  expect(detailOf(body)).toEqual({ path, message });
});
