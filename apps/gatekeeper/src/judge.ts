/** Whether what was presented opens the bus, and if not, why. */
import { type KeyRecord, type Keyring, parseApiKey } from '@writ/bus';

export type Verdict =
  | { readonly admitted: true; readonly key: KeyRecord }
  | { readonly admitted: false; readonly keyId: string | null; readonly reason: string };

/** Judges a token; the reason names the key id at most, never the secret. */
export function judge(
  keyring: Pick<Keyring, 'get' | 'verify'>,
  token: string | undefined,
  nowMs: number,
): Verdict {
  if (token === undefined || token === '')
    return refused(null, 'no API key was presented as the token');
  const parsed = parseApiKey(token);
  if (!parsed) return refused(null, 'what was presented is not an API key');
  const { keyId } = parsed;
  const key = keyring.verify(token, nowMs);
  if (key) return { admitted: true, key };
  const known = keyring.get(keyId);
  if (!known) return refused(keyId, 'there is no such key');
  if (known.revoked) return refused(keyId, 'the key is revoked');
  if (known.expiresAtMs !== null && known.expiresAtMs <= nowMs)
    return refused(keyId, 'the key has expired');
  return refused(keyId, 'the secret is wrong');
}

function refused(keyId: string | null, reason: string): Verdict {
  return { admitted: false, keyId, reason };
}
