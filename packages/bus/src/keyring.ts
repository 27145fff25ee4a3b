/** The API keys of the cell in memory, folded from their events as they come. */
import { type KeyRole, toWritError, type WritError } from '@writ/contracts';
import { isSecret, parseApiKey } from './api-key.ts';
import type { StoredEvent } from './event-codec.ts';
import type { EventStore } from './event-store.ts';

export type KeyRecord = {
  readonly tenant: string;
  readonly keyId: string;
  readonly name: string;
  readonly role: KeyRole;
  readonly agents: readonly string[];
  readonly expiresAtMs: number | null;
  readonly secretHash: string;
  readonly revoked: boolean;
};

export interface Keyring {
  /** Resolves when every key event up to now was read; rejects when following failed before that. */
  readonly ready: Promise<void>;
  /** Rejects when the log can not be followed any more. */
  readonly done: Promise<void>;
  /** The key of an id, revoked or not. Throws once the log can not be followed any more. */
  get(keyId: string): KeyRecord | undefined;
  all(): Iterable<KeyRecord>;
  /** The key behind a presented secret: not revoked, not expired, compared in constant time. Throws once the log can not be followed any more. */
  verify(apiKey: string, nowMs: number): KeyRecord | undefined;
  onRevoked(callback: (key: KeyRecord) => void): void;
  /** A key was made or revoked. */
  onChanged(callback: (key: KeyRecord) => void): void;
  stop(): Promise<void>;
}

export type KeyringOptions = {
  readonly store: EventStore;
  readonly pepper: string;
  readonly onTrouble?: (error: WritError) => void;
};

/** Opens the keyring; it fills while `ready` is waited for. */
export function openKeyring({ store, pepper, onTrouble }: KeyringOptions): Keyring {
  const keys = new Map<string, KeyRecord>();
  const revoked: ((key: KeyRecord) => void)[] = [];
  const changed: ((key: KeyRecord) => void)[] = [];
  const first = Promise.withResolvers<void>();
  const apply = (event: StoredEvent) => {
    const key = foldKey(keys, event);
    if (key === undefined) return;
    keys.set(key.keyId, key);
    for (const callback of changed) callback(key);
    if (key.revoked) for (const callback of revoked) callback(key);
  };
  const follower = store.follow({
    fromSeq: 1,
    filters: ['writ.*.evt.tenancy.key.*'],
    onEvents: (batch) => batch.forEach(apply),
    onIdle: () => first.resolve(),
    ...(onTrouble === undefined ? {} : { onTrouble }),
  });
  let failure: WritError | undefined;
  follower.done.catch((error: unknown) => {
    failure = toWritError(error);
    first.reject(error);
  });
  first.promise.catch(() => undefined);
  return {
    ready: first.promise,
    done: follower.done,
    get(keyId) {
      if (failure !== undefined) throw failure;
      return keys.get(keyId);
    },
    all: () => keys.values(),
    verify(apiKey, nowMs) {
      if (failure !== undefined) throw failure;
      return verify(keys, pepper, { apiKey, nowMs });
    },
    onRevoked: (callback) => void revoked.push(callback),
    onChanged: (callback) => void changed.push(callback),
    stop: () => follower.stop(),
  };
}

/** A hash nobody has a secret for: an unknown key takes as long as a wrong secret. */
const NO_HASH = '00'.repeat(32);

function verify(
  keys: ReadonlyMap<string, KeyRecord>,
  pepper: string,
  { apiKey, nowMs }: { readonly apiKey: string; readonly nowMs: number },
): KeyRecord | undefined {
  const given = parseApiKey(apiKey);
  if (given === undefined) return undefined;
  const key = keys.get(given.keyId);
  const right = isSecret(pepper, given.secret, key?.secretHash ?? NO_HASH);
  if (key === undefined || !right || key.revoked) return undefined;
  return key.expiresAtMs !== null && key.expiresAtMs <= nowMs ? undefined : key;
}

function foldKey(keys: ReadonlyMap<string, KeyRecord>, event: StoredEvent): KeyRecord | undefined {
  if (event.type === 'KeyCreated') {
    const { keyId, name, role, agents, expiresAt, secretHash } = event.data;
    const expiresAtMs = expiresAt === null ? null : Date.parse(expiresAt);
    return {
      tenant: event.tenant,
      keyId,
      name,
      role,
      agents,
      expiresAtMs,
      secretHash,
      revoked: false,
    };
  }
  if (event.type !== 'KeyRevoked') return undefined;
  const known = keys.get(event.data.keyId);
  return known && { ...known, revoked: true };
}
