/** API keys as a client sees them: `writ_<key>_<secret>`, of which only the key id is ever shown. */
import { WritError } from '@writ/contracts';

const API_KEY = /^writ_([a-z0-9]{10,20})_\S+$/;

/** The public id inside an API key; throws `UNAUTHENTICATED` without repeating what was given. */
export function keyIdOf(apiKey: string): string {
  const keyId = API_KEY.exec(apiKey)?.[1];
  if (keyId === undefined)
    throw new WritError(
      'UNAUTHENTICATED',
      'the API key does not look like `writ_<key>_<secret>`; pass it unchanged',
    );
  return keyId;
}
