/** A command on its way through the commander: who gave it, what it says, and the ids it leads to. */
import type {
  CommandBody,
  CommandVerb,
  EventMeta,
  GovernorOrderBody,
  GovernorVerb,
  KeyRole,
  WritEvent,
} from '@writ/contracts';
import type { NewEvent } from '@writ/bus';
import { derivedId, freshId } from './identifiers.ts';

/** Whose key the broker proved. */
export type Caller = {
  readonly tenant: string;
  readonly keyId: string;
  readonly role: KeyRole;
  readonly agents: readonly string[];
};

/** What the commander does of itself, when its time has come. */
export type OwnVerb = 'expire-approval' | 'settle-use';

/** What clients command, what governors ask for in the name of a key, and what the commander does of itself. */
export type OrderVerb = CommandVerb | GovernorVerb | OwnVerb;
export type OrderBody<V extends OrderVerb> = V extends CommandVerb
  ? CommandBody<V>
  : V extends GovernorVerb
    ? GovernorOrderBody<V>
    : Readonly<Record<string, never>>;

export type Order<V extends OrderVerb = OrderVerb> = {
  readonly caller: Caller;
  readonly verb: V;
  readonly body: OrderBody<V>;
  readonly idempotencyKey: string | null;
  readonly fingerprint: string;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
  /** The commander's own clock when the order was taken, in milliseconds. */
  readonly receivedMs: number;
  /** Who is said to have caused it; the caller's key when left out. */
  readonly actor?: EventMeta['actor'];
};

const OWN = 'commander';

/** An order that nobody gave: its time has come. */
export function ownOrder({
  tenant,
  verb,
  receivedMs,
}: {
  readonly tenant: string;
  readonly verb: OwnVerb;
  readonly receivedMs: number;
}): Order<OwnVerb> {
  return {
    caller: { tenant, keyId: OWN, role: 'admin', agents: [] },
    actor: { type: 'system', id: OWN },
    verb,
    body: {},
    idempotencyKey: null,
    fingerprint: '',
    correlationId: null,
    traceparent: null,
    receivedMs,
  };
}

/** What a command came to: the events it stored, or those it had stored before. */
export type Outcome = {
  readonly events: readonly { readonly id: string; readonly type: string; readonly seq: number }[];
  readonly seq: number;
  readonly result: Readonly<Record<string, unknown>>;
};

/**
 * The id of the `index`-th event of an order: the same for every retry under one idempotency key. A key is unique per
 * aggregate: given for another one it names another order, whose ids must be others.
 */
export function eventIdOf(order: Order, aggregate: string, index: number): string {
  return idUnder(order, aggregate, String(index));
}

/** The id of a thing that an order makes for an agent: derived under an idempotency key, else random. */
export function thingIdOf(order: Order & { readonly body: { readonly agentId: string } }): string {
  return idUnder(order, order.body.agentId, 'thing');
}

function idUnder(order: Order, scope: string, what: string): string {
  const { caller, verb, idempotencyKey, receivedMs } = order;
  return idempotencyKey === null
    ? freshId(receivedMs)
    : derivedId(caller.tenant, caller.keyId, verb, idempotencyKey, scope, what);
}

/** The event of an order, ready for the log. `version` is the aggregate's own, from 1. */
export function toNewEvent(
  order: Order,
  event: WritEvent,
  more: {
    readonly id: string;
    readonly timeMs: number;
    readonly version: number;
    readonly aggregate: string;
  },
): NewEvent {
  const actor = order.actor ?? { type: 'api_key', id: order.caller.keyId };
  return {
    ...event,
    ...more,
    tenant: order.caller.tenant,
    actor,
    correlationId: order.correlationId,
    traceparent: order.traceparent,
    idempotencyKey: order.idempotencyKey,
    fingerprint: order.fingerprint,
  };
}
