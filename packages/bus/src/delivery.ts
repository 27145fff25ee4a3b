/** What the reply subject of a delivered message says, in today's form and in that of 2.15. */
export type Delivery = {
  readonly deliveries: number;
  readonly streamSeq: number;
  readonly consumerSeq: number;
  /** When the message was stored. */
  readonly timeMs: number;
  /** Messages of the consumer still to come. */
  readonly pending: number;
};

/** Up to the first number, as it was in the delivery before: those of one consumer come one after the other. */
let prefix = '';

/** Reads `$JS.ACK.[<domain>.<hash>.]<stream>.<consumer>.<deliveries>.<seq>.<consumer seq>.<ns>.<pending>[.<random>]`. */
export function parseDelivery(reply: string): Delivery | undefined {
  if (prefix === '' || !reply.startsWith(prefix)) {
    const tokens = reply.split('.');
    if (tokens.length < 9 || tokens[0] !== '$JS' || tokens[1] !== 'ACK') return undefined;
    prefix = `${tokens.slice(0, tokens.length === 9 ? 4 : 6).join('.')}.`;
  }
  let at = prefix.length;
  /** The token here but for its last digits. */
  const next = (without = 0): number => {
    const dot = reply.indexOf('.', at);
    const end = dot < 0 ? reply.length : dot;
    const number = numberIn(reply, at, end - without);
    at = end + 1;
    return number;
  };
  return {
    deliveries: next(),
    streamSeq: next(),
    consumerSeq: next(),
    timeMs: next(NANOS_IN_MS),
    pending: next(),
  };
}

/** Digits of the nanoseconds that a millisecond has. */
const NANOS_IN_MS = 6;
const ZERO = 48;

function numberIn(text: string, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at++) number = number * 10 + (text.charCodeAt(at) - ZERO);
  return number;
}
