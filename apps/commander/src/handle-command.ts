/** A command from subject and bytes to its outcome: who, what, may they, then the handler. */
import {
  type CommandAccepted,
  type CommandVerb,
  checkBody,
  clientId,
  commands,
  encodeToken,
  isCommandVerb,
  parseJson,
  WritError,
  writHeaders,
} from '@writ/contracts';
import type { Desk, Handler, Incoming } from './desk.ts';
import { handlers } from './handlers.ts';
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
  const order: Order = {
    caller,
    verb,
    body,
    receivedMs,
    idempotencyKey:
      clientHeader(incoming, writHeaders.idempotencyKey) ?? incoming.defaultIdempotencyKey ?? null,
    correlationId: clientHeader(incoming, writHeaders.correlationId) ?? null,
    traceparent: incoming.header('traceparent')?.slice(0, 128) ?? null,
    fingerprint: fingerprintOf(room.desk.pepper, verb, body),
  };
  const outcome = await run(room.desk, order);
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

function clientHeader(incoming: Incoming, name: string): string | undefined {
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
