import {
  type EventStore,
  hashSecret,
  type Keyring,
  newApiKey,
  openKeyring,
  type NewEvent,
  watchClock,
} from '@writ/bus';
import { subjects } from '@writ/contracts';
import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agent, write } from './events.ts';

describe.each([1, 3] as const)('on %i node(s)', (nodes) => {
  let bus: TestBus;
  let store: EventStore;
  let keyring: Keyring;

  beforeAll(async () => {
    bus = await startTestBus({ nodes });
    store = await bus.store();
    keyring = openKeyring({
      store: await bus.store('gatekeeper-store'),
      pepper: bus.secrets.pepper,
    });
    await keyring.ready;
  });
  afterAll(async () => {
    await keyring.stop();
    await bus.stop();
  });

  const NOW = Date.UTC(2026, 5, 1);
  const meta = (keyId: string, version: number) => ({
    id: `${keyId}-${version}`,
    timeMs: NOW,
    version,
    tenant: 'acme',
    actor: { type: 'system' as const, id: 'test' },
    aggregate: `key/${keyId}`,
  });

  async function create(expiresAt: string | null = null) {
    const made = newApiKey();
    const created: NewEvent = {
      type: 'KeyCreated',
      data: {
        keyId: made.keyId,
        name: 'worker',
        role: 'agent',
        agents: ['fleet:*'],
        expiresAt,
        secretHash: hashSecret(bus.secrets.pepper, made.secret),
      },
      ...meta(made.keyId, 1),
    };
    const subject = subjects.key('acme', made.keyId);
    const { lastSeq } = await store.append([{ subject, expectedLastSeq: 0, events: [created] }]);
    await eventually(() => keyring.get(made.keyId));
    const revoke = () => {
      const event: NewEvent = {
        type: 'KeyRevoked',
        data: { keyId: made.keyId, reason: null },
        ...meta(made.keyId, 2),
      };
      return store.append([{ subject, expectedLastSeq: lastSeq, events: [event] }]);
    };
    return { ...made, revoke };
  }

  describe('the keyring', () => {
    test('knows a key by its secret, with tenant, role and agents', async () => {
      const key = await create();
      expect(keyring.verify(key.apiKey, NOW)).toMatchObject({
        tenant: 'acme',
        keyId: key.keyId,
        role: 'agent',
        agents: ['fleet:*'],
        revoked: false,
      });
    });

    test('knows no key by another’s secret, a changed one, or none', async () => {
      const [one, other] = [await create(), await create()];
      for (const wrong of [
        `writ_${one.keyId}_${other.secret}`,
        `${one.apiKey}0`,
        `writ_${one.keyId}_`,
        one.secret,
        `writ_unknown00001_${one.secret}`,
      ])
        expect(keyring.verify(wrong, NOW)).toBeUndefined();
    });

    test('knows a key until the moment it expires', async () => {
      const key = await create('2026-06-01T00:00:01Z');
      expect(keyring.verify(key.apiKey, NOW + 999)).toBeDefined();
      expect(keyring.verify(key.apiKey, NOW + 1000)).toBeUndefined();
    });

    test('forgets a key that is revoked and says so once, after what else was changed', async () => {
      const key = await create();
      const said: string[] = [];
      keyring.onRevoked((revoked) => void said.push(revoked.keyId));
      await key.revoke();
      await eventually(() => said.length > 0);
      expect(keyring.verify(key.apiKey, NOW)).toBeUndefined();
      expect(said).toEqual([key.keyId]);
    });

    test('is ready with all keys when it is opened anew, whatever else is in the log', async () => {
      const key = await create();
      await store.append([write(agent('k1'), 0, 'noise')]);
      const fresh = openKeyring({ store, pepper: bus.secrets.pepper });
      await fresh.ready;
      expect(fresh.verify(key.apiKey, NOW)).toMatchObject({ keyId: key.keyId });
      expect([...fresh.all()]).toHaveLength([...keyring.all()].length);
      await fresh.stop();
    });
  });

  describe('the clock watch', () => {
    test.each([
      [0, false],
      [-5000, true],
      [5000, true],
    ])('of a clock that is %i ms off says %s', async (offMs, skewed) => {
      const watch = watchClock({ store, everyMs: 50, now: () => Date.now() + offMs });
      await watch.compared;
      // A look that took long on a busy machine says little; one of the next says more.
      await eventually(() => Math.abs((watch.offsetMs ?? 0) - offMs) < 1000);
      expect(watch.skewed()).toBe(skewed);
      watch.stop();
    });
  });
});
