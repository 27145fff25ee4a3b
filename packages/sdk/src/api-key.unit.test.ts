import { expect, test } from 'vitest';
import { keyIdOf } from './api-key.ts';

test('the id of an API key is its middle part', () => {
  expect(keyIdOf('writ_abcdefghij0_secret_with_underscores')).toBe('abcdefghij0');
});

test.each([
  '',
  'secret',
  'writ_short_secret',
  'writ_ABCDEFGHIJ_secret',
  'writ_abcdefghij_',
  'writ_abcdefghij',
])('what is no API key is refused and not repeated: %s', (apiKey) => {
  expect(() => keyIdOf(apiKey)).toThrow(
    'the API key does not look like `writ_<key>_<secret>`; pass it unchanged',
  );
});
