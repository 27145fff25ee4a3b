import {
  type EventStore,
  type NatsConnection,
  openDeadLetters,
  openDecisionLog,
  openEventStore,
  takeInbox,
  type UserName,
  userNames,
} from '@writ/bus';
import { eventually, startTestBus, type TestBus } from '@writ/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agent, write } from './events.ts';

describe.each([1, 3] as const)('on %i node(s)', (nodes) => {
  let bus: TestBus;
  let log: EventStore;
  const connections = new Map<UserName, NatsConnection>();

  beforeAll(async () => {
    bus = await startTestBus({ nodes });
    for (const user of userNames) connections.set(user, await bus.connect(user));
    log = await bus.store();
    await log.append([write(agent('r1'), 0, 'one', 'two')]);
  });
  afterAll(() => bus.stop());

  function as(user: UserName): NatsConnection {
    const connection = connections.get(user);
    if (connection === undefined) throw new Error(`no connection of \`${user}\``);
    return connection;
  }

  const storeOf = (user: UserName) => openEventStore({ connection: as(user), ...bus.secrets });
  const inAccount = userNames.filter(
    (user) => user !== 'gatekeeper-callout' && user !== 'gatekeeper-sys',
  );
  const stores = inAccount.filter((user) => user.endsWith('-store'));

  async function mayPublish(user: UserName, subject: string): Promise<boolean> {
    const connection = as(user);
    try {
      await connection.request(subject, '{}', { timeout: 2000 });
      return true;
    } catch (error) {
      return !/permissions violation/i.test(error instanceof Error ? error.message : String(error));
    }
  }

  describe('every role can do its work with the rights it has', () => {
    test.each(stores)('%s reads and follows the log', async (user) => {
      const store = storeOf(user);
      expect((await store.load(agent('r1'))).events).toHaveLength(2);
      expect(await store.read({ fromSeq: 1, limit: 10 })).toHaveLength(2);
      expect((await store.status()).lastSeq).toBe(2);
      const seen: number[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      const follower = store.follow({
        fromSeq: 1,
        onEvents: (batch) => void seen.push(...batch.map((event) => event.seq)),
        onIdle: () => resolve(),
      });
      await promise;
      await follower.stop();
      expect(seen).toEqual([1, 2]);
    });

    test('a governor writes decisions once each, and everybody who projects reads them', async () => {
      const decisions = openDecisionLog({
        connection: as('governor-store'),
        ingest: bus.secrets.ingest,
      });
      const batch = { tenant: 'default', governor: 'g1', boot: 'b1', firstN: 1, body: '[{"n":1}]' };
      const seq = await decisions.append(batch);
      expect(await decisions.append(batch)).toBe(seq);
      expect(await decisions.append({ ...batch, firstN: 2, body: '[{"n":2}]' })).toBe(seq + 1);
      expect(Buffer.from((await decisions.lastOf('default', 'g1'))?.data ?? '').toString()).toBe(
        '[{"n":2}]',
      );
      expect(await decisions.lastOf('default', 'nobody')).toBeUndefined();
      const seen: string[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      const follower = openDecisionLog({
        connection: as('projector-store'),
        ingest: bus.secrets.ingest,
      }).follow({
        fromSeq: 1,
        onMessages: (messages) =>
          void seen.push(
            ...messages.map(
              (message) => `${message.subject} ${Buffer.from(message.data).toString()}`,
            ),
          ),
        onIdle: () => resolve(),
      });
      await promise;
      await follower.stop();
      expect(seen).toEqual(['writ.default.dec.g1 [{"n":1}]', 'writ.default.dec.g1 [{"n":2}]']);
    });

    test('a commander takes from INBOX and writes dead letters, which the API lists newest first, page by page', async () => {
      const intake = await takeInbox({
        connection: as('commander-store'),
        ingest: bus.secrets.ingest,
        maxInFlight: 1,
        handler: async () => undefined,
      });
      await intake.stop();
      const shelf = openDeadLetters({
        connection: as('commander-store'),
        ingest: bus.secrets.ingest,
      });
      const letter = {
        tenant: 'default',
        stream: 'INBOX',
        seq: 1,
        subject: 's',
        keyId: null,
        verb: null,
        headers: [],
        body: '',
        code: 'INTERNAL' as const,
        reason: 'r',
        details: [],
        attempts: 1,
        firstAt: '',
        lastAt: '',
      };
      for (let n = 0; n < 5; n++)
        await shelf.write({ ...letter, id: `l${n}`, reason: `first ${n}` });
      await shelf.write({ ...letter, id: 'l0', reason: 'again' });
      await shelf.write({ ...letter, tenant: 'other', id: 'l9' });
      const reader = openDeadLetters({ connection: as('api-store'), ingest: bus.secrets.ingest });
      const page = await reader.list({ tenant: 'default', limit: 3 });
      const rest = await reader.list({
        tenant: 'default',
        limit: 3,
        before: page.at(-1)?.seq ?? 0,
      });
      expect([...page, ...rest].map((entry) => entry.letter.id)).toEqual([
        'l4',
        'l3',
        'l2',
        'l1',
        'l0',
      ]);
      expect((await reader.get('default', 'l0'))?.reason).toBe('first 0');
      expect(await reader.get('default', 'l9')).toBeUndefined();
    });
  });

  describe('no role can do another’s', () => {
    const mayWrite: Record<string, UserName[]> = {
      evt: ['commander-store', 'operator'],
      ops: ['commander-store', 'operator'],
      dec: ['governor-store', 'operator'],
      snapshot: ['snapshotter-store', 'operator'],
    };

    test.each(Object.keys(mayWrite))(
      'only the right ones write to the stream of `%s`',
      async (kind) => {
        for (const user of inAccount)
          expect([
            user,
            await mayPublish(user, `_writ.${bus.secrets.ingest}.default.${kind}.x.y.z`),
          ]).toEqual([user, mayWrite[kind]?.includes(user)]);
      },
    );

    test.each([
      'writ.default.evt.x.y.z',
      'writ.default.dec.g1',
      '$JS.API.STREAM.DELETE.NONE',
      '$JS.API.STREAM.CREATE.NONE',
      '$JS.API.CONSUMER.DURABLE.CREATE.INBOX.other',
      '$SYS.REQ.SERVER.PING',
    ])('nobody but the operator publishes to `%s`', async (subject) => {
      for (const user of inAccount)
        if (user !== 'operator')
          expect([user, await mayPublish(user, subject)]).toEqual([user, false]);
    });

    test('a role says how it is in its own name only, and only the API listens', async () => {
      for (const user of inAccount) {
        const own = user.endsWith('-store') ? user.slice(0, -'-store'.length) : undefined;
        for (const role of [
          'gatekeeper',
          'commander',
          'governor',
          'projector',
          'api',
          'snapshotter',
        ])
          expect([user, role, await mayPublish(user, `writ._.role.${role}.x`)]).toEqual([
            user,
            role,
            user === 'operator' || role === own,
          ]);
        let heard: boolean | undefined;
        const subscription = as(user).subscribe('writ._.role.>', {
          callback: (error) => {
            heard = error === null;
          },
        });
        // Another node hears of a subscription a moment later.
        await eventually(() => {
          as('operator').publish('writ._.role.nobody.x', '');
          return heard !== undefined;
        });
        expect([user, heard]).toEqual([user, user === 'api-store' || user === 'operator']);
        subscription.unsubscribe();
      }
    });

    test('only a governor speaks to the commander in the name of a key', async () => {
      for (const user of inAccount)
        expect([user, await mayPublish(user, 'writ.default.gov.k0admin0000.reserve-use')]).toEqual([
          user,
          user === 'governor-store' || user === 'operator',
        ]);
    });

    test('nobody reads another role’s replies, or what enters the log before it is committed', async () => {
      for (const user of inAccount)
        for (const subject of ['_INBOX.role.gatekeeper-store.>', `_writ.${bus.secrets.ingest}.>`]) {
          if (user === 'gatekeeper-store' || (user === 'operator' && subject.startsWith('_writ')))
            continue;
          const { promise, resolve } = Promise.withResolvers<string>();
          as(user).subscribe(subject, {
            callback: (error, message) => resolve(error?.message ?? `read ${message.subject}`),
          });
          expect([user, await promise]).toEqual([
            user,
            expect.stringMatching(/permissions violation/i),
          ]);
        }
    });
  });
});
