/** Keeps secrets out of logs. */

const API_KEY = /writ_([a-z0-9]{10,20})_[^\s"'`,;\\]+/g;
const BEARER = /(bearer\s+)(?!writ_)[^\s"'`,;\\]+/gi;

/** The text with the secret of every API key, and every bearer token, left out. */
export function redact(text: string): string {
  return text.replace(API_KEY, 'writ_$1_[redacted]').replace(BEARER, '$1[redacted]');
}
