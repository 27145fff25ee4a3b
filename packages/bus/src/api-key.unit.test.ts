import { keyId } from '@writ/contracts';
import { describe, expect, test } from 'vitest';
import { hashSecret, isSecret, newApiKey, parseApiKey } from './api-key.ts';

const pepper = 'ab'.repeat(32);

describe('API keys', () => {
  test('are made with an id of their grammar and 128 bits of secret, and split again', () => {
    const made = newApiKey();
    expect(keyId.safeParse(made.keyId).success).toBe(true);
    expect(made.secret).toMatch(/^[0-9a-f]{32}$/);
    expect(parseApiKey(made.apiKey)).toEqual({ keyId: made.keyId, secret: made.secret });
    expect(newApiKey().keyId).not.toBe(made.keyId);
  });

  test.each([
    '',
    'writ_',
    'writ_short_0123456789abcdef',
    'writ_tester00001',
    'writ_tester00001_short',
    'bearer writ_tester00001_0123456789abcdef',
    'writ_tester00001_0123456789abcde\n',
  ])('`%s` is none', (text) => expect(parseApiKey(text)).toBeUndefined());

  test('are recognised by their secret and the pepper, and by nothing else', () => {
    const hash = hashSecret(pepper, 'a'.repeat(32));
    expect(isSecret(pepper, 'a'.repeat(32), hash)).toBe(true);
    expect(isSecret(pepper, 'b'.repeat(32), hash)).toBe(false);
    expect(isSecret('cd'.repeat(32), 'a'.repeat(32), hash)).toBe(false);
    expect(isSecret(pepper, 'a'.repeat(32), '')).toBe(false);
  });
});
