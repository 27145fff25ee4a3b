/**
 * Commands on dead letters.
 *
 * 1. A retry gives the original command under its own caller and its own idempotency key, so what was stored meanwhile
 *    is met and nothing is stored twice.
 * 2. What came of it is recorded after it happened; where the record is lost, the next retry meets the same events.
 * 3. Trouble of ours is no outcome: it is told to the operator and leaves the letter waiting.
 */
import { type DeadLetter, isOutage } from '@writ/bus';
import {
  type CommandAccepted,
  type DeadLetterOutcome,
  parseCommandSubject,
  toWritError,
  WritError,
} from '@writ/contracts';
import { reused } from '../retries.ts';
import type { Desk, Handler, Incoming } from '../desk.ts';
import { freshId } from '../identifiers.ts';
import { eventIdOf, type Order, type Outcome } from '../order.ts';

type LetterOrder = Order<'operations.retry-dead-letter' | 'operations.drop-dead-letter'>;
type Closed = DeadLetterOutcome & { readonly outcome: 'handled' | 'dropped' };

export const retryDeadLetter: Handler<'operations.retry-dead-letter'> = async (desk, order) => {
  const letter = await letterOf(desk, order);
  const closed = await closedBy(desk, order);
  if (closed?.outcome === 'dropped') throw isClosed(order, 'dropped');
  if (closed) return repeated(order, closed);
  const reply = await giveAgain(desk, letter);
  if (reply instanceof WritError) {
    const failed = outcomeOf(order, { outcome: 'failed', code: reply.code, reason: reply.message });
    await desk.operations.letters.writeOutcome(order.caller.tenant, failed);
    return { events: [], seq: await desk.operations.lastSeq(), result: resultOf(failed) };
  }
  const { seq, events, result } = reply;
  const handled = outcomeOf(order, { outcome: 'handled', seq, events });
  await desk.operations.letters.writeOutcome(order.caller.tenant, handled);
  return { events, seq, result: { ...resultOf(handled), result } };
};

export const dropDeadLetter: Handler<'operations.drop-dead-letter'> = async (desk, order) => {
  await letterOf(desk, order);
  const closed = await closedBy(desk, order);
  if (closed?.outcome === 'handled') throw isClosed(order, 'handled');
  const dropped = closed ?? outcomeOf(order, { outcome: 'dropped', reason: order.body.reason });
  if (closed) repeated(order, closed);
  else await desk.operations.letters.writeOutcome(order.caller.tenant, dropped);
  return { events: [], seq: await desk.operations.lastSeq(), result: resultOf(dropped) };
};

async function letterOf(desk: Desk, { caller, body }: LetterOrder): Promise<DeadLetter> {
  const letter = await desk.operations.letters.get(caller.tenant, body.letterId);
  if (letter) return letter;
  throw new WritError('NOT_FOUND', `there is no dead letter \`${body.letterId}\`; list them`, {
    details: [{ path: 'letterId', message: 'must be a dead letter' }],
  });
}

/** What ended the letter: being handled is for ever, also where somebody dropped it at the same time. */
async function closedBy(desk: Desk, { caller, body }: LetterOrder): Promise<Closed | undefined> {
  const outcomes = await desk.operations.letters.outcomesOf(caller.tenant, body.letterId);
  const closing = outcomes.filter((one): one is Closed => one.outcome !== 'failed');
  return closing.find(({ outcome }) => outcome === 'handled') ?? closing[0];
}

/** The reply to the original command, or why it was refused again; throws trouble of ours. */
async function giveAgain(desk: Desk, letter: DeadLetter): Promise<CommandAccepted | WritError> {
  try {
    return await desk.operations.give(incomingOf(letter));
  } catch (thrown) {
    const error = toWritError(thrown);
    if (isOutage(error.code)) throw error;
    return error;
  }
}

function incomingOf(letter: DeadLetter): Incoming {
  const address = parseCommandSubject(letter.subject);
  if (!address)
    throw new WritError('VERB_UNKNOWN', `\`${letter.subject}\` names no command; drop the letter`);
  // A letter of a letter could name itself.
  if (address.verb.startsWith('operations.'))
    throw new WritError(
      'NOT_ALLOWED',
      `\`${address.verb}\` is not given again from a dead letter; give it yourself`,
    );
  return {
    address,
    data: Buffer.from(letter.body, 'base64'),
    header: (name) => letter.headers.find(([one]) => one.toLowerCase() === name.toLowerCase())?.[1],
    defaultIdempotencyKey: letter.id,
  };
}

function aggregateOf({ body }: LetterOrder): string {
  return `dead-letter/${body.letterId}`;
}

/** A failed try uses up no idempotency key: the next one under the same key is a try of its own. */
function outcomeOf(
  order: LetterOrder,
  what: Pick<DeadLetterOutcome, 'outcome'> & Partial<DeadLetterOutcome>,
): DeadLetterOutcome {
  return {
    outcomeId:
      what.outcome === 'failed'
        ? freshId(order.receivedMs)
        : eventIdOf(order, aggregateOf(order), 0),
    letterId: order.body.letterId,
    by: order.caller.keyId,
    at: new Date(order.receivedMs).toISOString(),
    code: null,
    reason: null,
    seq: null,
    events: [],
    fingerprint: order.fingerprint,
    ...what,
  };
}

/** The reply to an order that was carried out before: in full to its own retry, and nothing new to any other. */
function repeated(order: LetterOrder, closed: Closed): Outcome {
  const mine =
    order.idempotencyKey !== null && closed.outcomeId === eventIdOf(order, aggregateOf(order), 0);
  if (mine && closed.fingerprint !== order.fingerprint)
    throw reused('idempotencyKey', order.idempotencyKey ?? '');
  return { events: mine ? closed.events : [], seq: closed.seq ?? 0, result: resultOf(closed) };
}

function resultOf({ letterId, outcome, by, code, reason, seq }: DeadLetterOutcome) {
  return { letterId, outcome, by, code, reason, seq };
}

function isClosed({ body }: LetterOrder, outcome: Closed['outcome']): WritError {
  return new WritError(
    'DEAD_LETTER_CLOSED',
    `dead letter \`${body.letterId}\` was ${outcome} already; nothing was done`,
    { details: [{ path: 'letterId', message: 'must be a dead letter that waits' }] },
  );
}
