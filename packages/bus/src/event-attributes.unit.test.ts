import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAttributes } from './event-attributes.ts';

const lines = {
  'ce-specversion': '1.0',
  'ce-id': 'e-1',
  'ce-type': 'dev.writ.registry.AgentRegistered.v1',
  'ce-source': '/writ/c1/1',
  'ce-subject': 'agent/a',
  'ce-time': '2027-01-01T00:00:00.000Z',
  'ce-correlationid': 'c',
  'ce-causationid': 'd',
  'ce-authtype': 'system',
  'ce-authid': 'writ',
  'ce-traceparent': '00-1-2-01',
  'ce-writtenant': 'default',
  'ce-writversion': '3',
  'ce-': 'nothing',
  'ce-timeless': 'never',
  'Writ-Idempotency-Key': 'key: with a colon',
  'Writ-Fingerprint': 'ab12',
  'Writ-Else': 'other',
  'Nats-Expected-Last-Subject-Sequence': '0',
};
const attributes = {
  id: 'e-1',
  type: 'dev.writ.registry.AgentRegistered.v1',
  time: '2027-01-01T00:00:00.000Z',
  tenant: 'default',
  version: '3',
  authtype: 'system',
  authid: 'writ',
  correlationId: 'c',
  causationId: 'd',
  idempotencyKey: 'key: with a colon',
  fingerprint: 'ab12',
};
const blockOf = (entries: readonly (readonly [string, string])[]): string =>
  `NATS/1.0\r\n${entries.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;

test('attributes are read in whatever order their lines stand', () => {
  const entries = Object.entries(lines);
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
      expect(readAttributes(blockOf(shuffled))).toEqual(attributes);
    }),
  );
});

test('what a block lacks is undefined', () => {
  const nothing = Object.fromEntries(Object.keys(attributes).map((name) => [name, undefined]));
  for (const block of ['', 'NATS/1.0\r\n', 'NATS/1.0\r\n\r\n', 'NATS/1.0\r\nce-id: 1'])
    expect(readAttributes(block)).toEqual(nothing);
  expect(readAttributes(blockOf([['ce-id', '1']]))).toEqual({ ...nothing, id: '1' });
});
