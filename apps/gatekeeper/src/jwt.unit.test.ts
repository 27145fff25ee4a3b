import { createPublicKey, verify } from 'node:crypto';
import { createAccount } from '@nats-io/nkeys';
import { describe, expect, test } from 'vitest';
import { admission, rejection, userJwt } from './jwt.ts';
import { accountKeyOf } from './nkey.ts';

const issuer = accountKeyOf(new TextDecoder().decode(createAccount().getSeed()));
const permissions = { pub: { allow: ['a'], deny: [] }, sub: { allow: ['b'], deny: ['c'] } };
const grant = {
  userNkey: 'UUSER',
  name: 'abcdefghij',
  account: 'WRIT',
  permissions,
  expiresAtMs: null,
};
const to = { userNkey: 'UUSER', serverId: 'NSERVER' };

function claimsOf(jwt: string): Record<string, unknown> {
  const [header = '', body = '', signature = ''] = jwt.split('.');
  const publicKey = createPublicKey(issuer.privateKey);
  expect(
    verify(null, Buffer.from(`${header}.${body}`), publicKey, Buffer.from(signature, 'base64url')),
  ).toBe(true);
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
    typ: 'JWT',
    alg: 'ed25519-nkey',
  });
  return JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
}

describe('a user JWT', () => {
  test('names the key, its account and its permissions', () => {
    expect(claimsOf(userJwt(issuer, grant, 1_700_000_000_999))).toMatchObject({
      aud: 'WRIT',
      sub: 'UUSER',
      name: 'abcdefghij',
      iss: issuer.publicKey,
      iat: 1_700_000_000,
      nats: { ...permissions, subs: -1, data: -1, payload: -1, type: 'user', version: 2 },
    });
  });

  test('ends in the second in which its key ends, and never without an end of the key', () => {
    expect(
      claimsOf(userJwt(issuer, { ...grant, expiresAtMs: 1_800_000_000_900 }, 0)),
    ).toHaveProperty('exp', 1_800_000_000);
    expect(claimsOf(userJwt(issuer, grant, 0))).not.toHaveProperty('exp');
  });
});

describe('an answer', () => {
  test('is for the server that asked and the connection it asked about', () => {
    expect(claimsOf(admission(issuer, { ...to, jwt: 'x.y.z' }, 0))).toMatchObject({
      aud: 'NSERVER',
      sub: 'UUSER',
      nats: { jwt: 'x.y.z', type: 'authorization_response', version: 2 },
    });
  });

  test('that refuses carries a reason and no user', () => {
    const { nats } = claimsOf(rejection(issuer, { ...to, reason: 'there is no such key' }, 0));
    expect(nats).toEqual({
      error: 'there is no such key',
      type: 'authorization_response',
      version: 2,
    });
  });
});
