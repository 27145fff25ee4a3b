import { expect, test } from 'vitest';
import { parseDelivery } from './delivery.ts';

const said = { deliveries: 2, streamSeq: 17, consumerSeq: 9, timeMs: 1795169043514, pending: 3 };

test.each([
  ['today’s form', '$JS.ACK.EVENTS-1.follow-x.2.17.9.1795169043514123456.3'],
  ['the form of 2.15', '$JS.ACK._.hash.EVENTS-1.follow-x.2.17.9.1795169043514123456.3.random'],
])('a delivery is read from %s', (_, reply) => expect(parseDelivery(reply)).toEqual(said));

test.each(['', '_INBOX.a.b', '$JS.API.a.b.c.d.e.f.g'])('`%s` is no delivery', (reply) =>
  expect(parseDelivery(reply)).toBeUndefined(),
);

test('deliveries of two consumers, one whose name begins like that of the other, are told apart', () => {
  const of = (consumer: string, seq: number) =>
    `$JS.ACK.EVENTS-1.${consumer}.1.${seq}.1.1795169043514123456.0`;
  const seqs = [
    ['follow', 17],
    ['follow-x', 18],
    ['follow', 19],
    ['follow-x', 9_007_199_254_740_991],
  ] as const;
  for (const [consumer, seq] of seqs)
    expect(parseDelivery(of(consumer, seq))).toMatchObject({ deliveries: 1, streamSeq: seq });
});
