/** The steps of a history, each done to the real thing and to the model, and compared. */
import type { CommandReply } from '@writ/contracts';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Model, Order, Verb } from './model.fixture.ts';
import type { Delivery, Real } from './real.fixture.ts';

export const AGENTS = 3;
export type Step = fc.AsyncCommand<Model, World>;
/** The real thing, and the name under which this history's agents are nobody else's. */
export type World = { readonly real: Real; readonly name: string };

/** Every step there is; killing the leader only where there are several nodes. */
export function steps({ cluster }: { readonly cluster: boolean }): fc.Arbitrary<Step>[] {
  const agent = fc.nat(AGENTS - 1);
  const verb = fc.constantFrom<Verb>(
    'registry.register-agent',
    'registry.suspend-agent',
    'registry.resume-agent',
    'registry.retire-agent',
    'authority.issue-grant',
    'execution.report',
    'trust.give-feedback',
  );
  const fact = fc.constantFrom<Verb>('execution.report', 'trust.give-feedback');
  const delivery = fc.oneof(
    { weight: 6, arbitrary: fc.constant<Delivery>({ kind: 'plain' }) },
    { weight: 2, arbitrary: fc.constant<Delivery>({ kind: 'unheard' }) },
    {
      weight: cluster ? 0 : 2,
      arbitrary: fc.nat(6).map((afterMs): Delivery => ({ kind: 'cut', afterMs })),
    },
  );
  return [
    agent.map((index) => new Give('registry.register-agent', index, { kind: 'plain' })),
    fc.tuple(verb, agent, delivery).map((made) => new Give(...made)),
    fc.tuple(verb, agent, delivery).map((made) => new Give(...made)),
    fc.tuple(fact, agent, fc.integer({ min: 2, max: 6 })).map((made) => new GiveAtOnce(...made)),
    fc.tuple(fc.nat(), delivery).map((made) => new Repeat(...made)),
    fc.nat().map((index) => new ReuseKey(index)),
    fc.nat(1).map((index) => new RestartCommander(index)),
    ...(cluster ? [fc.constant(new KillLeader())] : []),
  ];
}

class Give implements Step {
  readonly #verb: Verb;
  readonly #agent: number;
  readonly #delivery: Delivery;

  constructor(verb: Verb, agent: number, delivery: Delivery) {
    this.#verb = verb;
    this.#agent = agent;
    this.#delivery = delivery;
  }

  check({ agents }: Readonly<Model>): boolean {
    // That an agent is retired reaches the grants of the other commander a moment later.
    return this.#verb !== 'authority.issue-grant' || agents[this.#agent]?.status !== 'retired';
  }

  async run(model: Model, world: World): Promise<void> {
    const order = newOrder(model, world, { verb: this.#verb, agent: this.#agent });
    const expected = model.expect(order);
    const reply = await world.real.give(order, this.#delivery);
    if (expected.ok) take(model, order, { reply, types: expected.types });
    else expect(reply).toMatchObject({ ok: false, error: { code: expected.code } });
  }

  toString(): string {
    return `${this.#verb} of ${this.#agent} (${JSON.stringify(this.#delivery)})`;
  }
}

/** Several facts of one agent at the same time, the first of them twice. */
class GiveAtOnce implements Step {
  readonly #verb: Verb;
  readonly #agent: number;
  readonly #count: number;

  constructor(verb: Verb, agent: number, count: number) {
    this.#verb = verb;
    this.#agent = agent;
    this.#count = count;
  }

  check({ agents }: Readonly<Model>): boolean {
    return agents[this.#agent]?.status !== 'unknown';
  }

  async run(model: Model, world: World): Promise<void> {
    const what = { verb: this.#verb, agent: this.#agent };
    const orders = Array.from({ length: this.#count }, () => newOrder(model, world, what));
    const [again, ...replies] = await Promise.all(
      [...orders.slice(0, 1), ...orders].map((order) => world.real.give(order)),
    );
    expect(again).toEqual(replies[0]);
    for (const [index, order] of orders.entries()) {
      const { types } = { types: [], ...model.expect(order) };
      const reply = replies[index];
      if (reply) take(model, order, { reply, types });
    }
  }

  toString(): string {
    return `${this.#count} × ${this.#verb} of ${this.#agent} at once`;
  }
}

/** An order that stored something is given once more: it is answered as it was, and stores nothing. */
class Repeat implements Step {
  readonly #index: number;
  readonly #delivery: Delivery;

  constructor(index: number, delivery: Delivery) {
    this.#index = index;
    this.#delivery = delivery;
  }

  check({ stored }: Readonly<Model>): boolean {
    return stored.length > 0;
  }

  async run({ stored }: Model, { real }: World): Promise<void> {
    const before = stored[this.#index % stored.length];
    if (before === undefined) return;
    const reply = await real.give(before.order, this.#delivery);
    expect(reply.ok ? reply.events.map(({ id }) => id) : reply).toEqual(before.events);
  }

  toString(): string {
    return `repeat ${this.#index} (${JSON.stringify(this.#delivery)})`;
  }
}

/** The key of an order that stored something is refused for another body. */
class ReuseKey implements Step {
  readonly #index: number;

  constructor(index: number) {
    this.#index = index;
  }

  check({ stored }: Readonly<Model>): boolean {
    return stored.length > 0;
  }

  async run({ stored }: Model, { real }: World): Promise<void> {
    const before = stored[this.#index % stored.length];
    if (before === undefined) return;
    const { order } = before;
    const other = otherField[order.verb];
    const reply = await real.give({ ...order, body: { ...order.body, ...other } });
    expect(reply).toMatchObject({ ok: false, error: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  }

  toString(): string {
    return `reuse the key of ${this.#index}`;
  }
}

class RestartCommander implements Step {
  readonly #index: number;

  constructor(index: number) {
    this.#index = index;
  }

  check(): boolean {
    return true;
  }

  async run(_model: Model, { real }: World): Promise<void> {
    await real.restartCommander(this.#index);
  }

  toString(): string {
    return `restart commander ${this.#index}`;
  }
}

/** Once in a history: an election takes seconds. */
class KillLeader implements Step {
  check({ leaderKilled }: Readonly<Model>): boolean {
    return !leaderKilled;
  }

  async run(model: Model, { real }: World): Promise<void> {
    model.leaderKilled = true;
    await real.killLeader();
  }

  toString(): string {
    return 'kill the leader';
  }
}

const otherField: Readonly<Record<Verb, object>> = {
  'registry.register-agent': { owner: 'somebody-else' },
  'registry.suspend-agent': { reason: 'another' },
  'registry.resume-agent': { reason: 'another' },
  'registry.retire-agent': { reason: 'another' },
  'authority.issue-grant': { actions: ['another'] },
  'execution.report': { action: 'another' },
  'trust.give-feedback': { rating: 0.8 },
};

function newOrder(
  model: Model,
  { name }: World,
  { verb, agent }: Pick<Order, 'verb' | 'agent'>,
): Order {
  const n = model.orders++;
  const agentId = agentIdOf(name, agent);
  return { verb, agent, key: `${name}:${n}`, body: { agentId, ...restOfBody(verb, n) } };
}

export function agentIdOf(name: string, agent: number): string {
  return `${name}:agent_${agent}`;
}

function restOfBody(verb: Verb, n: number): object {
  switch (verb) {
    case 'registry.register-agent':
      return { name: 'worker', type: 'worker', version: '1.0.0' };
    case 'authority.issue-grant':
      return { actions: ['work'], resources: ['dataset:*'] };
    case 'execution.report':
      return {
        executionId: `e${n}`,
        action: 'work',
        resource: 'dataset:sales',
        outcome: 'succeeded',
      };
    case 'trust.give-feedback':
      return { feedbackId: `f${n}`, rating: 0.9, source: 'human', rater: 'usr_history' };
    case 'registry.suspend-agent':
    case 'registry.resume-agent':
    case 'registry.retire-agent':
      return { reason: 'history' };
  }
}

/** What was acknowledged is what was expected, and from now on part of the model. */
function take(
  model: Model,
  order: Order,
  { reply, types }: { readonly reply: CommandReply; readonly types: readonly string[] },
): void {
  if (!reply.ok) throw new Error(`${order.verb} was refused: ${JSON.stringify(reply.error)}`);
  expect(reply.events.map(({ type }) => type.split('.').at(-2))).toEqual(types);
  model.apply(order.agent, types);
  if (types.length > 0) model.stored.push({ order, events: reply.events.map(({ id }) => id) });
}
