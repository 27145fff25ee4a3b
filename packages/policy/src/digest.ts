import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** The digest that names a set of policies: `sha256:` and the hex hash of the RFC 8785 form of `{engine, policies}`. */
export function policyDigest(engine: string, policies: Readonly<Record<string, string>>): string {
  const canonical = canonicalize({ engine, policies }) ?? '';
  return `sha256:${createHash('sha256').update(canonical, 'utf8').digest('hex')}`;
}
