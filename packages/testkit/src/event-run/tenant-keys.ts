/** Keys of tenants. */
import { subjects } from '@writ/contracts';
import { REGISTRARS } from './agent-lives.ts';
import type { RunLog } from './run-log.ts';

export class TenantKeys {
  readonly #log: RunLog;
  readonly #administered = new Set<string>();
  readonly #keys: { readonly tenant: string; readonly keyId: string }[] = [];

  constructor(log: RunLog) {
    this.#log = log;
  }

  change(tenant: string): void {
    if (!this.#administered.has(tenant)) return this.#createAdminKey(tenant);
    const known = this.#log.below(3) === 0 ? this.#keys.pop() : undefined;
    const keyId = known?.keyId ?? this.#log.uuid().replaceAll('-', '').slice(0, 16);
    const at = known?.tenant ?? tenant;
    if (!known) this.#keys.push({ tenant, keyId });
    const created = {
      keyId,
      name: 'worker',
      role: 'agent' as const,
      agents: ['*'],
      expiresAt: null,
      secretHash: 'ab'.repeat(32),
    };
    this.#log.write(
      subjects.key(at, keyId),
      `key/${keyId}`,
      known
        ? { type: 'KeyRevoked', data: { keyId, reason: null } }
        : { type: 'KeyCreated', data: created },
    );
  }

  #createAdminKey(tenant: string): void {
    this.#administered.add(tenant);
    const [keyId] = REGISTRARS;
    const data = {
      keyId,
      name: 'operations',
      role: 'admin' as const,
      agents: [],
      expiresAt: null,
      secretHash: 'cd'.repeat(32),
    };
    this.#log.write(subjects.key(tenant, keyId), `key/${keyId}`, { type: 'KeyCreated', data });
  }
}
