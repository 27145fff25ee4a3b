import type { StoredMessage } from '@writ/bus';
import { WritError } from '@writ/contracts';
import { expect, test } from 'vitest';
import { entryOf, eventsSource, type Source } from './sources.ts';

const message: StoredMessage = {
  seq: 7,
  subject: 'writ.default.evt.registry.agent.a',
  headers: 'NATS/1.0\r\nce-id: e%2D1\r\n\r\n',
  data: Buffer.from('{}'),
};

function counting(decode: () => never): { source: Source<never>; decoded: () => number } {
  let decoded = 0;
  const source = {
    ...eventsSource,
    projections: [],
    decode: () => {
      decoded += 1;
      return decode();
    },
  };
  return { source, decoded: () => decoded };
}

test('an entry is not decoded before its content is looked at, and then once', () => {
  const { source, decoded } = counting(() => 'content' as never);
  const entry = entryOf(source, message);
  expect([entry.seq, entry.kind, entry.id, decoded()]).toEqual([7, 'registry.agent', 'e-1', 0]);
  expect([entry.unreadable, entry.content, entry.content]).toEqual([
    undefined,
    'content',
    'content',
  ]);
  expect(decoded()).toBe(1);
});

test('a message that can not be decoded says so', () => {
  const entry = entryOf(eventsSource, message);
  expect(entry.content).toBeUndefined();
  expect(entry.unreadable).toMatchObject({ code: 'EVENT_UNREADABLE' });
  const { source } = counting(() => {
    throw new TypeError('no shape');
  });
  const other = entryOf(source, message);
  expect(other.unreadable).toBeInstanceOf(WritError);
  expect(other.unreadable?.message).toContain('the message at 7');
});
