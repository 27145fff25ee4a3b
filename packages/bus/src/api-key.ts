/** API keys: `writ_<key id>_<secret>`; only a keyed hash of the secret is ever stored. */
import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

export type ApiKey = { readonly keyId: string; readonly secret: string; readonly apiKey: string };

const KEY_ID_CHARS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const KEY_ID_LENGTH = 16;

/** Makes a key with 128 random bits of secret. */
export function newApiKey(): ApiKey {
  let keyId = '';
  for (let i = 0; i < KEY_ID_LENGTH; i++) keyId += KEY_ID_CHARS[randomInt(KEY_ID_CHARS.length)];
  const secret = randomBytes(16).toString('hex');
  return { keyId, secret, apiKey: `writ_${keyId}_${secret}` };
}

const SHAPE = /^writ_([a-z0-9]{10,20})_([A-Za-z0-9_-]{16,128})$/;

/** Splits a presented key; `undefined` when it does not have the shape of one. */
export function parseApiKey(
  apiKey: string,
): { readonly keyId: string; readonly secret: string } | undefined {
  const [, keyId, secret] = SHAPE.exec(apiKey) ?? [];
  return keyId === undefined || secret === undefined ? undefined : { keyId, secret };
}

/** HMAC-SHA256 of the secret under the cell's pepper (hex), in hex. */
export function hashSecret(pepper: string, secret: string): string {
  return createHmac('sha256', Buffer.from(pepper, 'hex')).update(secret, 'utf8').digest('hex');
}

/** Compares in constant time. */
export function isSecret(pepper: string, secret: string, secretHash: string): boolean {
  const given = Buffer.from(hashSecret(pepper, secret), 'hex');
  const stored = Buffer.from(secretHash, 'hex');
  return given.length === stored.length && timingSafeEqual(given, stored);
}
