/** Ed25519 keys in the form NATS writes them: base32 of prefix bytes, the raw key and a CRC-16. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { WritError } from '@writ/contracts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** `S` for a seed in the first five bits, `A` for an account in the five after. */
const SEED_PREFIX = 18 << 3;
const ACCOUNT_PREFIX = 0;
/** PKCS #8 around a raw Ed25519 private key. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const RAW_BYTES = 32;

export type AccountKey = { readonly publicKey: string; readonly privateKey: KeyObject };

/** Reads the seed of an account (`SA…`); throws `CONFIG_INVALID` without repeating it. */
export function accountKeyOf(seed: string): AccountKey {
  const bytes = fromBase32(seed);
  const sum = bytes?.subarray(-2);
  const body = bytes?.subarray(0, -2);
  if (
    !sum ||
    body?.length !== 2 + RAW_BYTES ||
    sum.readUInt16LE() !== crc16(body) ||
    !isAccountSeed(body)
  )
    throw new WritError(
      'CONFIG_INVALID',
      'the issuer seed of the secrets file is not the seed of an account; restore the file',
    );
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8, body.subarray(2)]),
    format: 'der',
    type: 'pkcs8',
  });
  const raw = createPublicKey(privateKey)
    .export({ format: 'der', type: 'spki' })
    .subarray(-RAW_BYTES);
  const named = Buffer.concat([Buffer.from([ACCOUNT_PREFIX]), raw]);
  const check = Buffer.alloc(2);
  check.writeUInt16LE(crc16(named));
  return { publicKey: toBase32(Buffer.concat([named, check])), privateKey };
}

/** The kind of key is split over the two bytes before it. */
function isAccountSeed(body: Buffer): boolean {
  const [first = 0, second = 0] = body;
  return (
    (first & 0xf8) === SEED_PREFIX && (((first & 0x07) << 5) | (second >> 3)) === ACCOUNT_PREFIX
  );
}

function fromBase32(text: string): Buffer | undefined {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  for (const char of text) {
    const value = ALPHABET.indexOf(char);
    if (value < 0) return undefined;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.push((held >> bits) & 0xff);
    }
  }
  return Buffer.from(out);
}

function toBase32(bytes: Uint8Array): string {
  let out = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += ALPHABET[(held >> bits) & 31];
    }
  }
  return bits > 0 ? out + ALPHABET[(held << (5 - bits)) & 31] : out;
}

/** CRC-16/XMODEM, as nkeys have it. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let i = 0; i < 8; i++)
      crc = (crc & 0x8000) === 0 ? (crc << 1) & 0xffff : ((crc << 1) ^ 0x1021) & 0xffff;
  }
  return crc;
}
