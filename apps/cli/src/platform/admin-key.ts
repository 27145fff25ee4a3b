/** The key of the cell's first administrator: made at the first start, kept in a file of the data directory. */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EventStore, hashSecret, newApiKey, parseApiKey, type Secrets } from '@writ/bus';
import { type EventData, subjects } from '@writ/contracts';
import { foldAll, key } from '@writ/domain';

type Room = {
  readonly dataDir: string;
  readonly tenant: string;
  readonly secrets: Secrets;
  readonly store: EventStore;
};

/** `made`: by this start. */
export type AdminKey = { readonly apiKey: string; readonly made: boolean };

export function adminKeyFile(dataDir: string): string {
  return join(dataDir, 'admin.key');
}

/** The key that the file holds, if the log knows it as active; else a new one, appended to the log and written there. */
export async function ensureAdminKey(room: Room): Promise<AdminKey> {
  const kept = await readFile(adminKeyFile(room.dataDir), 'utf8').catch(() => '');
  if (kept !== '' && (await isActive(room, kept.trim())))
    return { apiKey: kept.trim(), made: false };
  return { apiKey: await makeAdminKey(room), made: true };
}

async function isActive({ store, tenant, secrets }: Room, apiKey: string): Promise<boolean> {
  const parsed = parseApiKey(apiKey);
  if (parsed === undefined) return false;
  const { events } = await store.load(subjects.key(tenant, parsed.keyId));
  const keyEvents = events.filter(
    (event) => event.type === 'KeyCreated' || event.type === 'KeyRevoked',
  );
  const state = foldAll(key, keyEvents);
  if (state.status !== 'active' || state.key.role !== 'admin') return false;
  const [given, known] = [hashSecret(secrets.pepper, parsed.secret), state.key.secretHash].map(
    (hash) => Buffer.from(hash),
  );
  return (
    given !== undefined &&
    known !== undefined &&
    given.length === known.length &&
    timingSafeEqual(given, known)
  );
}

async function makeAdminKey({ dataDir, store, tenant, secrets }: Room): Promise<string> {
  const { keyId, secret, apiKey } = newApiKey();
  const data = {
    keyId,
    name: 'first administrator',
    role: 'admin',
    agents: [],
    expiresAt: null,
    secretHash: hashSecret(secrets.pepper, secret),
  } satisfies EventData<'KeyCreated'>;
  await store.append([
    {
      subject: subjects.key(tenant, keyId),
      expectedLastSeq: 0,
      events: [
        {
          type: 'KeyCreated',
          data,
          id: randomUUID(),
          timeMs: Date.now(),
          version: 1,
          tenant,
          actor: { type: 'system', id: 'writ-up' },
          aggregate: `key/${keyId}`,
        },
      ],
    },
  ]);
  const draft = `${adminKeyFile(dataDir)}.${process.pid}.tmp`;
  await writeFile(draft, `${apiKey}\n`, { mode: 0o600 });
  await rename(draft, adminKeyFile(dataDir));
  return apiKey;
}
