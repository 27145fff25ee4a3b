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
