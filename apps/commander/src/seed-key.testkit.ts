/** Puts a key into the log without a secret, so that tests can speak in its name through a role's connection. */
import type { EventStore } from '@writ/bus';
import { type KeyRole, subjects } from '@writ/contracts';
import { freshId } from './identifiers.ts';

export async function seedKey(
  store: EventStore,
  key: {
    readonly tenant: string;
    readonly keyId: string;
    readonly role: KeyRole;
    readonly agents: string[];
  },
): Promise<void> {
  const { tenant, keyId, role, agents } = key;
  const timeMs = Date.now();
  await store.append([
    {
      subject: subjects.key(tenant, keyId),
      expectedLastSeq: 0,
      events: [
        {
          type: 'KeyCreated',
          data: { keyId, name: keyId, role, agents, expiresAt: null, secretHash: '00' },
          id: freshId(timeMs),
          timeMs,
          version: 1,
          tenant,
          actor: { type: 'system', id: 'test' },
          aggregate: `key/${keyId}`,
        },
      ],
    },
  ]);
}
