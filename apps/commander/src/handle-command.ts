/** A command, or a governor's order, from subject and bytes to its outcome: who, what, may they, then the handler. */
import {
  type CommandAccepted,
  type CommandVerb,
  checkBody,
  clientId,
  commands,
  encodeToken,
  governorOrders,
  type GovernorVerb,
  isCommandVerb,
  isGovernorVerb,
  parseJson,
  WritError,
  writHeaders,
} from '@writ/contracts';
import type { Desk, Handler, Incoming, IncomingGovernorOrder } from './desk.ts';
import { governorHandlers, handlers } from './handlers.ts';
import { fingerprintOf } from './identifiers.ts';
import type { Order, Outcome } from './order.ts';
import { requireVerb } from './rights.ts';

export type CommandRoom = {
  readonly desk: Desk;
  readonly cell: string;
  readonly segment: number;
  readonly nowMs: () => number;
};

/** The reply to a command whose events are stored; throws a coded error where nothing was. */
export async function handleCommand(
  room: CommandRoom,
  incoming: Incoming,
): Promise<CommandAccepted> {
  const { tenant, key, verb } = incoming.address;
  if (!isCommandVerb(verb))
    throw new WritError(
      'VERB_UNKNOWN',
      `there is no command \`${verb}\`; see the list of commands`,
    );
  const receivedMs = room.nowMs();
  const caller = await room.desk.directory.caller(tenant, key, receivedMs);
  requireVerb(caller, verb);
  const body = checkBody(commands[verb].schema, parseJson(incoming.data));
  const order: Order<CommandVerb> = {
    caller,
    verb,
    body,
    receivedMs,
    idempotencyKey:
      clientHeader(incoming, writHeaders.idempotencyKey) ?? incoming.defaultIdempotencyKey ?? null,
    ...tracesOf(incoming),
    fingerprint: fingerprintOf(room.desk.pepper, verb, body),
  };
  return accepted(room, await run(room.desk, order));
}

/**
 * The reply to what a governor asks for in the name of a key. It needs no idempotency key: whatever it
 * does is done once for the decision that it names.
 */
export async function handleGovernorOrder(
  room: CommandRoom,
  incoming: IncomingGovernorOrder,
): Promise<CommandAccepted> {
  const { tenant, key, verb } = incoming.address;
  if (!isGovernorVerb(verb))
    throw new WritError('VERB_UNKNOWN', `governors can not order \`${verb}\` of this commander`);
  const receivedMs = room.nowMs();
  const caller = await room.desk.directory.caller(tenant, key, receivedMs);
  const body = checkBody(governorOrders[verb].schema, parseJson(incoming.data));
  const order: Order<GovernorVerb> = {
    caller,
    verb,
    body,
    receivedMs,
    idempotencyKey: null,
    ...tracesOf(incoming),
    fingerprint: fingerprintOf(room.desk.pepper, verb, body),
  };
  return accepted(room, await runGovernorOrder(room.desk, order));
}

function tracesOf(
  incoming: Pick<Incoming, 'header'>,
): Pick<Order, 'correlationId' | 'traceparent'> {
  return {
    correlationId: clientHeader(incoming, writHeaders.correlationId) ?? null,
    traceparent: incoming.header('traceparent')?.slice(0, 128) ?? null,
  };
}

function accepted(room: CommandRoom, outcome: Outcome): CommandAccepted {
  const token = encodeToken({ cell: room.cell, segment: room.segment, seq: outcome.seq });
  return {
    ok: true,
    seq: outcome.seq,
    token,
    events: [...outcome.events],
    result: { ...outcome.result },
  };
}

function run<V extends CommandVerb>(desk: Desk, order: Order<V>): Promise<Outcome> {
  const handler: Handler<V> = handlers[order.verb];
  return handler(desk, order);
}

function runGovernorOrder<V extends GovernorVerb>(desk: Desk, order: Order<V>): Promise<Outcome> {
  const handler: Handler<V> = governorHandlers[order.verb];
  return handler(desk, order);
}

function clientHeader(incoming: Pick<Incoming, 'header'>, name: string): string | undefined {
  const value = incoming.header(name);
  if (value === undefined || value === '') return undefined;
  if (clientId.safeParse(value).success) return value;
  throw new WritError(
    'HEADER_INVALID',
    `the header \`${name}\` is not valid; it must be 1–128 of \`A-Za-z0-9_:.-\``,
    {
      details: [{ path: name, message: 'must be 1–128 of `A-Za-z0-9_:.-`' }],
    },
  );
}
