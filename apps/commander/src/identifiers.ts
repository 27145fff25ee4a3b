/** Ids and fingerprints: derived where a retry must meet itself, random elsewhere. */
import { hash, randomBytes } from 'node:crypto';
import type { CommandVerb, GovernorVerb } from '@writ/contracts';
import canonicalize from 'canonicalize';

/** A UUIDv8 of SHA-256 over the parts: the same parts give the same id for ever. */
export function derivedId(...parts: readonly string[]): string {
  return asUuid(hash('sha256', JSON.stringify(parts)), 8);
}

/** A UUIDv7: random, and ordered by the time it was made. */
export function freshId(nowMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  return asUuid(bytes.toString('hex'), 7);
}

/** Ten to twenty characters of `a-z0-9` for a key that is made under an idempotency key. */
export function derivedKeyId(...parts: readonly string[]): string {
  return BigInt(`0x${hash('sha256', JSON.stringify(parts))}`)
    .toString(36)
    .slice(-16)
    .padStart(16, '0');
}

/** Bodies with members that the sender names, and so orders; all others come out of their schema in one order. */
const FREE_FORM: ReadonlySet<string> = new Set([
  'registry.register-agent',
  'authority.publish-policies',
  'authority.publish-validation',
]);

/**
 * What a checked body says, keyed so that nobody can guess it from the log: the same body gives the
 * same fingerprint, whatever the order of its members. 128 bits of a hash that begins with the key:
 * what is cut off keeps it from being extended.
 */
export function fingerprintOf(
  pepper: string,
  verb: CommandVerb | GovernorVerb,
  body: unknown,
): string {
  const text = FREE_FORM.has(verb) ? canonicalize(body) : JSON.stringify(body);
  return hash('sha256', `${pepper}\n${verb}\n${text ?? ''}`).slice(0, 32);
}

function asUuid(hex: string, version: 7 | 8): string {
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${version}${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
