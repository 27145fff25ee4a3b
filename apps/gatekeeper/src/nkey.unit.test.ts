import { createPublicKey, sign } from 'node:crypto';
import { createAccount, createUser, fromPublic, fromSeed } from '@nats-io/nkeys';
import { describe, expect, test } from 'vitest';
import { accountKeyOf } from './nkey.ts';

const decoder = new TextDecoder();

describe('the seed of an account', () => {
  test('gives the public key that the reference implementation gives', () => {
    for (let round = 0; round < 20; round++) {
      const seed = createAccount().getSeed();
      expect(accountKeyOf(decoder.decode(seed)).publicKey).toBe(fromSeed(seed).getPublicKey());
    }
  });

  test('signs what the reference implementation accepts', () => {
    const key = accountKeyOf(decoder.decode(createAccount().getSeed()));
    const message = new TextEncoder().encode('a message');
    expect(fromPublic(key.publicKey).verify(message, sign(null, message, key.privateKey))).toBe(
      true,
    );
    expect(createPublicKey(key.privateKey).asymmetricKeyType).toBe('ed25519');
  });

  test.each([
    ['of a user', decoder.decode(createUser().getSeed())],
    [
      'with a letter changed',
      decoder.decode(createAccount().getSeed()).replace(/.$/, (last) => (last === 'A' ? 'E' : 'A')),
    ],
    ['cut short', decoder.decode(createAccount().getSeed()).slice(0, 40)],
    ['that is no base32', 'SA!'],
    ['that is empty', ''],
  ])('is refused when it is one %s, and never repeated', (_, seed) => {
    expect(() => accountKeyOf(seed)).toThrow(
      'the issuer seed of the secrets file is not the seed of an account; restore the file',
    );
  });
});
