/** Who is asking: the API key of the `Authorization` header, checked against the keys of the log. */
import type { KeyRecord, Keyring } from '@writ/bus';
import { WritError } from '@writ/contracts';
import type { RequestHeaders } from '../http/route.ts';

const BEARER = /^bearer +(\S+)$/i;

/** The key behind the request; throws `UNAUTHENTICATED` when there is none, or not one that holds now. */
export function authenticate(
  headers: RequestHeaders,
  keyring: Pick<Keyring, 'verify'>,
  nowMs: number,
): KeyRecord {
  const { authorization } = headers;
  if (typeof authorization !== 'string' || authorization === '')
    throw new WritError(
      'UNAUTHENTICATED',
      'no key was presented; send `Authorization: Bearer writ_…`',
    );
  const apiKey = BEARER.exec(authorization)?.[1];
  const record = apiKey === undefined ? undefined : keyring.verify(apiKey, nowMs);
  if (record) return record;
  throw new WritError(
    'UNAUTHENTICATED',
    'the key is not known, has expired or was revoked; ask an administrator for a new one',
  );
}
