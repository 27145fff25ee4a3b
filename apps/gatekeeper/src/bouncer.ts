/**
 * Closes the connections of keys that must not be connected any more.
 *
 * 1. A key is refused before its connections are closed, so that none comes back.
 * 2. A login may be under way while the key is revoked, at this gatekeeper or at one that reads the log a little later:
 *    the connections are looked for again after that time.
 * 3. What was revoked while no gatekeeper ran is found at the start, among all connections; and so is, every now and
 *    then, what a server that did not answer in time has kept.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger, NatsConnection } from '@writ/bus';

const LOOK_AGAIN_MS = [0, 1_000, 5_000, 15_000];
const PATROL_MS = 60_000;
const PAGE = 1024;
const ANSWER_MS = 2_000;
const STALL_MS = 200;
const KEY_ID = /^[a-z0-9]{10,20}$/;

type Connection = {
  readonly cid: number;
  readonly name?: string;
  readonly authorized_user?: string;
};
type Listing = {
  readonly server: { readonly id: string };
  readonly data?: { readonly connections?: readonly Connection[]; readonly total?: number };
};

export type Bouncer = {
  /** Closes every connection of a key, now and for some seconds more. */
  expel(keyId: string): void;
  /** Closes the connections of every key that is revoked, whenever that was: now, and again and again. */
  patrol(revoked: (keyId: string) => boolean, everyMs?: number): void;
  stop(): Promise<void>;
};

/** `connection` is the one in the system account. */
export function createBouncer(connection: NatsConnection, log: Logger): Bouncer {
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();

  async function list(query: object): Promise<Listing[]> {
    const found: Listing[] = [];
    const options = { strategy: 'stall' as const, maxWait: ANSWER_MS, stall: STALL_MS };
    const body = JSON.stringify({ auth: true, limit: PAGE, ...query });
    for await (const reply of await connection.requestMany(
      '$SYS.REQ.SERVER.PING.CONNZ',
      body,
      options,
    ))
      found.push(reply.json<Listing>());
    return found;
  }

  async function listAll(): Promise<Listing[]> {
    const pages: Listing[] = [];
    for (let offset = 0, more = true; more; offset += PAGE) {
      const listings = await list({ offset });
      pages.push(...listings);
      more = listings.some(({ data }) => (data?.total ?? 0) > offset + PAGE);
    }
    return pages;
  }

  async function kick(
    { server, data }: Listing,
    chosen: (keyId: string) => boolean,
  ): Promise<void> {
    for (const { cid, authorized_user: keyId = '' } of data?.connections ?? []) {
      if (!KEY_ID.test(keyId) || !chosen(keyId)) continue;
      try {
        await connection.request(`$SYS.REQ.SERVER.${server.id}.KICK`, JSON.stringify({ cid }), {
          timeout: ANSWER_MS,
        });
        log.info({ keyId, cid, server: server.id }, 'connection closed: its key is revoked');
      } catch (error) {
        if (!stopping.signal.aborted)
          log.error(
            { keyId, cid, server: server.id, err: error },
            'a connection of a revoked key could not be closed',
          );
      }
    }
  }

  async function expelAndLookAgain(keyId: string): Promise<void> {
    for (const ms of LOOK_AGAIN_MS) {
      await wait(ms, undefined, { signal: stopping.signal });
      try {
        for (const listing of await list({ user: keyId }))
          await kick(listing, (id) => id === keyId);
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.error(
          { keyId, err: error },
          'the connections of a revoked key could not be closed; trying again',
        );
      }
    }
  }

  async function sweep(revoked: (keyId: string) => boolean): Promise<void> {
    try {
      for (const page of await listAll()) await kick(page, revoked);
    } catch (error) {
      if (!stopping.signal.aborted)
        log.error({ err: error }, 'the connections could not be searched for revoked keys');
    }
  }

  async function patrolFor(revoked: (keyId: string) => boolean, everyMs: number): Promise<void> {
    for (;;) {
      await sweep(revoked);
      await wait(everyMs, undefined, { signal: stopping.signal });
    }
  }

  return {
    expel(keyId) {
      const done = expelAndLookAgain(keyId).catch(() => undefined);
      underWay.add(done);
      void done.then(() => underWay.delete(done));
    },
    patrol(revoked, everyMs = PATROL_MS) {
      underWay.add(patrolFor(revoked, everyMs).catch(() => undefined));
    },
    async stop() {
      stopping.abort();
      await Promise.all(underWay);
    },
  };
}
