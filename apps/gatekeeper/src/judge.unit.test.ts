import { hashSecret, type KeyRecord, newApiKey } from '@writ/bus';
import { describe, expect, test } from 'vitest';
import { judge } from './judge.ts';

const NOW = 1_800_000_000_000;
const pepper = '00'.repeat(32);
const { keyId, secret, apiKey } = newApiKey();
const key: KeyRecord = {
  tenant: 'default',
  keyId,
  name: 'worker',
  role: 'agent',
  agents: ['a'],
  expiresAtMs: null,
  secretHash: hashSecret(pepper, secret),
  revoked: false,
};

/** A keyring of one key, or none. */
function keyringOf(known: KeyRecord | undefined) {
  return {
    get: (id: string) => (id === known?.keyId ? known : undefined),
    verify: (presented: string, nowMs: number) =>
      known &&
      presented === apiKey &&
      !known.revoked &&
      (known.expiresAtMs ?? Number.POSITIVE_INFINITY) > nowMs
        ? known
        : undefined,
  };
}

describe('a login', () => {
  test('with the right secret of a living key is admitted', () => {
    expect(judge(keyringOf(key), apiKey, NOW)).toEqual({ admitted: true, key });
  });

  test.each([
    ['without a token', key, undefined, 'no API key was presented as the token'],
    ['with an empty token', key, '', 'no API key was presented as the token'],
    ['with something else as the token', key, 'password', 'what was presented is not an API key'],
    ['with an unknown key', undefined, apiKey, 'there is no such key'],
    ['with a revoked key', { ...key, revoked: true }, apiKey, 'the key is revoked'],
    ['with an expired key', { ...key, expiresAtMs: NOW }, apiKey, 'the key has expired'],
    ['with another secret', key, `writ_${keyId}_${'0'.repeat(32)}`, 'the secret is wrong'],
  ] as const)('%s is refused with the reason', (_, known, token, reason) => {
    const verdict = judge(keyringOf(known), token, NOW);
    expect(verdict).toMatchObject({ admitted: false, reason });
    expect(JSON.stringify(verdict)).not.toContain(secret);
  });
});
