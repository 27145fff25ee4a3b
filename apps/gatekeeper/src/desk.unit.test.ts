import { hashSecret, type KeyRecord, newApiKey } from '@writ/bus';
import { createAccount } from '@nats-io/nkeys';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDesk } from './desk.ts';
import { accountKeyOf } from './nkey.ts';

const pepper = '00'.repeat(32);
const issuer = accountKeyOf(new TextDecoder().decode(createAccount().getSeed()));
const silent = { debug() {}, info() {}, warn() {}, error() {} };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A keyring that is filled by hand. */
function keyring() {
  const known = new Map<string, KeyRecord>();
  const ready = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  let changed: (key: KeyRecord) => void = () => undefined;
  return {
    ready: ready.promise,
    done: done.promise,
    get: (keyId: string) => known.get(keyId),
    verify: (apiKey: string) => known.get(apiKey.split('_')[1] ?? ''),
    onChanged: (callback: (key: KeyRecord) => void) => {
      changed = callback;
    },
    catchUp: () => ready.resolve(),
    fail: () => done.reject(new Error('unreadable')),
    add(key: KeyRecord) {
      known.set(key.keyId, key);
      changed(key);
    },
  };
}

const { keyId, secret, apiKey } = newApiKey();
const key: KeyRecord = {
  tenant: 'default',
  keyId,
  name: 'worker',
  role: 'agent',
  agents: ['town:worker'],
  expiresAtMs: null,
  secretHash: hashSecret(pepper, secret),
  revoked: false,
};

function request(token: string): Uint8Array {
  const nats = {
    user_nkey: 'UUSER',
    server_id: { id: 'NSERVER' },
    connect_opts: { auth_token: token },
  };
  const claims = Buffer.from(JSON.stringify({ nats })).toString('base64url');
  return new TextEncoder().encode(`header.${claims}.signature`);
}

/** What the answer says: the error, or the claims of the user that is let in. */
function saidIn(answer: string | undefined): unknown {
  const { nats } = claimsOf(answer);
  return nats.jwt === undefined ? nats.error : claimsOf(nats.jwt);
}

type Claims = {
  readonly name?: string;
  readonly nats: { readonly jwt?: string; readonly error?: string };
};

function claimsOf(jwt: string | undefined): Claims {
  return JSON.parse(Buffer.from(jwt?.split('.')[1] ?? '', 'base64url').toString()) as Claims;
}

describe('a login', () => {
  test('is admitted with the permissions of its key', async () => {
    const keys = keyring();
    const desk = createDesk({ issuer, keyring: keys, log: silent });
    keys.catchUp();
    keys.add(key);
    await vi.advanceTimersByTimeAsync(0);
    expect(saidIn(await desk.answer(request(apiKey)))).toMatchObject({
      aud: 'WRIT',
      name: keyId,
      nats: { sub: { allow: expect.arrayContaining([`_INBOX.${keyId}.>`]) as unknown } },
    });
  });

  test('waits until the keys were read', async () => {
    const keys = keyring();
    const answer = createDesk({ issuer, keyring: keys, log: silent }).answer(request(apiKey));
    keys.add(key);
    await vi.advanceTimersByTimeAsync(1_000);
    keys.catchUp();
    expect(saidIn(await answer)).toMatchObject({ name: keyId });
  });

  test('is refused when the keys are not read in time', async () => {
    const keys = keyring();
    keys.add(key);
    const answer = createDesk({ issuer, keyring: keys, log: silent }).answer(request(apiKey));
    await vi.advanceTimersByTimeAsync(3_000);
    expect(saidIn(await answer)).toBe('the keys are not read from the log');
  });

  test('is refused when the keys can not be followed any more', async () => {
    const keys = keyring();
    const desk = createDesk({ issuer, keyring: keys, log: silent });
    keys.add(key);
    keys.catchUp();
    await vi.advanceTimersByTimeAsync(0);
    keys.fail();
    await vi.advanceTimersByTimeAsync(0);
    const answer = desk.answer(request(apiKey));
    await vi.advanceTimersByTimeAsync(3_000);
    expect(saidIn(await answer)).toBe('the keys are not read from the log');
  });

  test('with a key that was made this moment waits for it', async () => {
    const keys = keyring();
    const desk = createDesk({ issuer, keyring: keys, log: silent });
    keys.catchUp();
    await vi.advanceTimersByTimeAsync(0);
    const answer = desk.answer(request(apiKey));
    await vi.advanceTimersByTimeAsync(100);
    keys.add(key);
    expect(saidIn(await answer)).toMatchObject({ name: keyId });
  });

  test('with a key that never comes is refused', async () => {
    const keys = keyring();
    const desk = createDesk({ issuer, keyring: keys, log: silent });
    keys.catchUp();
    await vi.advanceTimersByTimeAsync(0);
    const answer = desk.answer(request(apiKey));
    await vi.advanceTimersByTimeAsync(500);
    expect(saidIn(await answer)).toBe(`key ${keyId}: there is no such key`);
  });

  test('does not wait when a thousand others do', async () => {
    const keys = keyring();
    const desk = createDesk({ issuer, keyring: keys, log: silent });
    const waiting = Array.from({ length: 1_000 }, () => desk.answer(request(apiKey)));
    expect(saidIn(await desk.answer(request(apiKey)))).toBe('the keys are not read from the log');
    keys.add(key);
    keys.catchUp();
    for (const answer of await Promise.all(waiting))
      expect(saidIn(answer)).toMatchObject({ name: keyId });
  });

  test('in a form that is not known gets no answer, which the server takes for a refusal', async () => {
    const desk = createDesk({ issuer, keyring: keyring(), log: silent });
    expect(await desk.answer(new TextEncoder().encode('hello'))).toBeUndefined();
  });
});
