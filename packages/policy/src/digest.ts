import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** The digest that names a set of policies: `sha256:` and the hex hash of the RFC 8785 form of `{engine, policies}`. */
export function policyDigest(engine: string, policies: Readonly<Record<string, string>>): string {
  return digestOf({ engine, policies });
}

/** The digest that names a tenant's schema: the same of `{engine, schema}`. */
export function schemaDigest(engine: string, schema: string | null): string {
  return digestOf({ engine, schema });
}

function digestOf(value: object): string {
  const canonical = canonicalize(value) ?? '';
  return `sha256:${createHash('sha256').update(canonical, 'utf8').digest('hex')}`;
}
