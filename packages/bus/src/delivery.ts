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

/** Reads `$JS.ACK.[<domain>.<hash>.]<stream>.<consumer>.<deliveries>.<seq>.<consumer seq>.<ns>.<pending>[.<random>]`. */
export function parseDelivery(reply: string): Delivery | undefined {
  const tokens = reply.split('.');
  if (tokens.length < 9 || tokens[0] !== '$JS' || tokens[1] !== 'ACK') return undefined;
  const at = tokens.length === 9 ? 4 : 6;
  const time = tokens[at + 3] ?? '';
  return {
    deliveries: Number(tokens[at]),
    streamSeq: Number(tokens[at + 1]),
    consumerSeq: Number(tokens[at + 2]),
    timeMs: Number(time.slice(0, -6)),
    pending: Number(tokens[at + 4]),
  };
}
