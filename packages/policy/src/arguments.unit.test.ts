import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { argumentsOf, hashArguments } from './arguments.ts';
import type { SentContext } from './shown-context.ts';

const asked = { agentId: 'town:clerk', action: 'pay', resource: { type: 'invoice', id: '17' } };
const hashOf = (sent: Partial<SentContext>, question = asked): string =>
  hashArguments(
    argumentsOf(question, {
      context: undefined,
      subject: undefined,
      action: undefined,
      resource: undefined,
      ...sent,
    }),
  ).hash;

test('the hash is that of the canonical form, whatever the order of the members', () => {
  const canonical =
    '{"action":"pay","agentId":"town:clerk","context":{"amount":9,"to":"Dana"},"resource":"invoice:17"}';
  const expected = `sha256:${createHash('sha256').update(canonical).digest('hex')}`;
  expect(hashOf({ context: { to: 'Dana', amount: 9 } })).toBe(expected);
  expect(hashOf({ context: { amount: 9, to: 'Dana' } })).toBe(expected);
});

test('everything that was sent counts: no other arguments have the same hash', () => {
  const hashes = [
    hashOf({}),
    hashOf({ context: { amount: 9 } }),
    hashOf({ context: { amount: 10 } }),
    hashOf({ context: { amount: '9' } }),
    hashOf({ resource: { amount: 9 } }),
    hashOf({ subject: { amount: 9 } }),
    hashOf({}, { ...asked, agentId: 'town:other' }),
    hashOf({}, { ...asked, action: 'refund' }),
    hashOf({}, { ...asked, resource: { type: 'invoice', id: '18' } }),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('what is sent under the name of properties is kept beside them, and not taken for them', () => {
  const member = { resource: { amount: 9 } };
  const properties = { amount: 1 };
  const sent = { context: member, subject: undefined, action: undefined, resource: properties };
  expect(argumentsOf(asked, sent).context).toEqual({
    'context.resource': { amount: 9 },
    resource: { amount: 1 },
  });
  const hashes = [
    hashOf({}),
    hashOf({ context: member }),
    hashOf({ context: { resource: { amount: 10 } } }),
    hashOf(member),
    hashOf({ context: member, resource: properties }),
    hashOf({ context: { 'context.resource': { amount: 9 } } }),
    hashOf({ context: { 'context.resource': { amount: 9 } }, resource: properties }),
    hashOf({ context: { 'context.resource': 1, resource: 2 } }),
    hashOf({ context: { 'context.resource': 2, resource: 1 } }),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
});
