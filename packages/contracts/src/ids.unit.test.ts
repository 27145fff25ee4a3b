import { describe, expect, test } from 'vitest';
import { agentId, agentIdOf, agentTokens, resourceName, splitResource, timestamp } from './ids.ts';

describe('a timestamp', () => {
  test.each(['2027-01-01T00:00:00Z', '2027-01-01T00:00:00.5+02:00', '1970-01-01T00:00:00Z'])(
    'may be %s',
    (text) => {
      expect(timestamp.safeParse(text).success).toBe(true);
    },
  );

  test.each([
    '2027-01-01',
    'tomorrow',
    '9999-12-31T23:59:59-01:00',
    '0001-01-01T00:00:00Z',
    '2027-13-01T00:00:00Z',
  ])('may not be %s', (text) => {
    expect(timestamp.safeParse(text).success).toBe(false);
  });
});

describe('an agent id', () => {
  test.each(['chart', 'langgraph-v2:chart_generator', 'A', `${'x'.repeat(63)}:${'y'.repeat(63)}`])(
    '%s is two tokens and back',
    (id) => {
      expect(agentId.safeParse(id).success).toBe(true);
      const tokens = agentTokens(id);
      expect(tokens && agentIdOf(tokens.container, tokens.name)).toBe(id);
    },
  );

  test.each(['', '_', '_:a', 'a.b', 'a:b:c', ':a', 'a:', '*', 'a b', 'a\n', 'é', 'x'.repeat(64)])(
    'may not be %j',
    (id) => {
      expect(agentId.safeParse(id).success).toBe(false);
      expect(agentTokens(id)).toBeUndefined();
    },
  );
});

test('a resource is split at its first colon', () => {
  expect(splitResource('dataset:a:b')).toEqual({ type: 'dataset', id: 'a:b' });
  expect(resourceName.safeParse('dataset').success).toBe(false);
});
