import { expect, test } from 'vitest';
import { failureOf, isSeenTo, readAdvisory } from './advisory.ts';
import { BURIED, NOT_A_COMMAND } from './inbox.ts';

const exhausted = {
  type: 'io.nats.jetstream.advisory.v1.max_deliver',
  id: 'x',
  timestamp: '2026-11-20T10:38:06.856027954Z',
  stream: 'INBOX',
  consumer: 'commander',
  stream_seq: 7,
  deliveries: 20,
};
const terminated = {
  ...exhausted,
  type: 'io.nats.jetstream.advisory.v1.terminated',
  consumer_seq: 9,
  deliveries: 1,
};
const read = (body: unknown) => readAdvisory(JSON.stringify(body));

test('an advisory says which command, how often it was delivered and when it ended', () => {
  expect(read(exhausted)).toEqual({
    kind: 'exhausted',
    seq: 7,
    deliveries: 20,
    reason: '',
    timeMs: Date.parse('2026-11-20T10:38:06.856Z'),
  });
  expect(read({ ...terminated, reason: 'by hand' })).toMatchObject({
    kind: 'terminated',
    reason: 'by hand',
  });
});

test.each([
  ['an acknowledgement steered here', { stream: 'INBOX', seq: 7 }],
  ['of another stream', { ...exhausted, stream: 'WORK' }],
  ['of another consumer', { ...exhausted, consumer: 'other' }],
  ['of another kind', { ...exhausted, type: 'io.nats.jetstream.advisory.v1.nak' }],
  ['without a sequence', { ...exhausted, stream_seq: undefined }],
  ['with a sequence that is none', { ...exhausted, stream_seq: -1 }],
  ['without a time', { ...exhausted, timestamp: undefined }],
  ['that is no object', 7],
])('a message %s is none', (_, body) => {
  expect(read(body)).toBeUndefined();
});

test('a message that is not JSON is none', () => {
  expect(readAdvisory('{')).toBeUndefined();
});

test('a delivery that a commander ended itself is seen to, any other is not', () => {
  const ended = (reason: string) => {
    const advisory = read({ ...terminated, reason });
    return advisory && isSeenTo(advisory);
  };
  expect(ended(`${BURIED} inbox-7-1`)).toBe(true);
  expect(ended(NOT_A_COMMAND)).toBe(true);
  expect(ended('by hand')).toBe(false);
  const advisory = read(exhausted);
  expect(advisory && isSeenTo(advisory)).toBe(false);
  expect(advisory && failureOf(advisory).message).toContain('20 times');
});
