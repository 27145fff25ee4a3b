/** The real thing of a history: two commanders on a bus whose answers can be lost, and a client that never gives up. */
import {
  type EventStore,
  type NatsConnection,
  openRequester,
  type Requester,
  type RunningRole,
} from '@writ/bus';
import { type CommandReply, commandReply, subjects } from '@writ/contracts';
import { eventually, startTcpProxy, type TcpProxy, type TestBus } from '@writ/testkit';
import { startCommander } from '../start-commander.ts';
import type { Order } from './model.fixture.ts';

export const TENANT = 'default';
export const KEY = 'historykey001';
const COMMANDERS = 2;
const GIVE_UP_MS = 60_000;
/** A cut may swallow the order itself: then nobody answers, and the next try is the one that counts. */
const TRY_MS = 1000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

export type Delivery =
  | { readonly kind: 'plain' }
  /** The first try is answered to nobody. */
  | { readonly kind: 'unheard' }
  /** So many milliseconds after the order was sent, the commanders hear nothing of the broker any more, for a while. */
  | { readonly kind: 'cut'; readonly afterMs: number };

export class Real {
  readonly bus: TestBus;
  readonly log: EventStore;
  readonly #requester: Requester;
  readonly #operator: NatsConnection;
  readonly #databaseUrl: string;
  readonly #proxies: readonly TcpProxy[];
  readonly #commanders: RunningRole[] = [];
  #healing: Promise<void> = Promise.resolve();

  private constructor(
    bus: TestBus,
    more: {
      readonly databaseUrl: string;
      readonly proxies: readonly TcpProxy[];
      readonly log: EventStore;
      readonly connections: readonly [NatsConnection, NatsConnection];
    },
  ) {
    this.bus = bus;
    this.log = more.log;
    this.#databaseUrl = more.databaseUrl;
    this.#proxies = more.proxies;
    this.#requester = openRequester(more.connections[0]);
    this.#operator = more.connections[1];
  }

  static async start(bus: TestBus, databaseUrl: string): Promise<Real> {
    const single = !bus.url.includes(',');
    // The nodes of a cluster tell their clients of each other: there is no way around that could be cut.
    const proxies = single ? await twoProxies(bus.url) : [];
    const connections = [await bus.connect('api-store'), await bus.connect('operator')] as const;
    const real = new Real(bus, { databaseUrl, proxies, log: await bus.store(), connections });
    for (let index = 0; index < COMMANDERS; index++)
      real.#commanders.push(await real.#startCommander(index));
    return real;
  }

  /** Gives an order until it is answered for good. */
  async give(order: Order, delivery: Delivery = { kind: 'plain' }): Promise<CommandReply> {
    const trouble =
      delivery.kind === 'unheard'
        ? this.#shout(order)
        : delivery.kind === 'cut' && this.#cut(delivery.afterMs);
    // Until the first try is through: refused by one commander, it may be done by the other one once it can be.
    const [reply] = await Promise.all([this.#persist(order), trouble]);
    return reply;
  }

  /** One commander ends, and begins anew with nothing in memory. */
  async restartCommander(index: number): Promise<void> {
    await this.#commanders[index]?.stop();
    this.#commanders[index] = await this.#startCommander(index);
  }

  /** Ends the node that leads the log, as a crash would; it comes back while the history goes on. */
  async killLeader(): Promise<void> {
    await this.#healing;
    const info = await eventually(
      async () => {
        const reply = await this.#operator.request('$JS.API.STREAM.INFO.EVENTS-1');
        return reply.json<{ cluster: { leader?: string } }>().cluster.leader;
      },
      { withinMs: GIVE_UP_MS, everyMs: 100 },
    );
    const node = Number((info ?? '').slice('node-'.length));
    await this.bus.kill(node);
    this.#healing = this.bus.restart(node);
    this.#healing.catch(() => undefined);
  }

  healed(): Promise<void> {
    return this.#healing;
  }

  async stop(): Promise<void> {
    await this.#healing.catch(() => undefined);
    await Promise.all(this.#commanders.map((commander) => commander.stop()));
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
  }

  #startCommander(index: number): Promise<RunningRole> {
    const proxy = this.#proxies[index];
    return startCommander({
      secrets: this.bus.secrets,
      natsUrl: proxy === undefined ? this.bus.url : `nats://127.0.0.1:${proxy.port}`,
      databaseUrl: this.#databaseUrl,
      version: '0.0.0',
      log: silent,
    });
  }

  async #shout(order: Order): Promise<void> {
    await this.#requester.request({ ...wire(order), timeoutMs: TRY_MS }).catch(() => undefined);
  }

  async #cut(afterMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    for (const proxy of this.#proxies) proxy.loseAnswers();
    await new Promise((resolve) => setTimeout(resolve, 30));
    for (const proxy of this.#proxies) proxy.heal();
  }

  async #persist(order: Order): Promise<CommandReply> {
    const asked = { ...wire(order), timeoutMs: TRY_MS };
    return await eventually(
      async () => {
        const { data } = await this.#requester.request(asked);
        const reply = commandReply.parse(JSON.parse(Buffer.from(data).toString()));
        if (!reply.ok && reply.error.retryable)
          throw new Error(`${reply.error.code}: ${reply.error.message}`);
        return reply;
      },
      { withinMs: GIVE_UP_MS, everyMs: 50 },
    );
  }
}

function wire({ verb, key, body }: Order) {
  return {
    subject: subjects.command({ tenant: TENANT, key: KEY, verb }),
    body: JSON.stringify(body),
    headers: [['Writ-Idempotency-Key', key]] as const,
  };
}

async function twoProxies(url: string): Promise<readonly TcpProxy[]> {
  const port = Number(new URL(url).port);
  return await Promise.all(Array.from({ length: COMMANDERS }, () => startTcpProxy(port)));
}
