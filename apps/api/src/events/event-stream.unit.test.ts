import type { StoredEvent } from '@writ/bus';
import { subjects } from '@writ/contracts';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { pumpEvents } from './event-stream.ts';
import { createTail } from './hub.ts';

function suspended(seq: number, agentId = 'lab:one'): StoredEvent {
  return {
    seq,
    type: 'AgentSuspended',
    data: { agentId, reason: null },
    subject: subjects.agent('default', agentId),
    tenant: 'default',
    id: `e${seq}`,
    timeMs: 1_700_000_000_000 + seq,
    version: seq,
    actor: { type: 'api_key', id: 'k' },
    correlationId: null,
    causationId: null,
    idempotencyKey: null,
    fingerprint: null,
  };
}

const all = Array.from({ length: 10_000 }, (_, i) =>
  suspended(i + 1, i % 2 === 0 ? 'lab:one' : 'lab:two'),
);
const log = {
  read: async ({ fromSeq, limit }: { fromSeq: number; limit: number }) =>
    all.filter(({ seq }) => seq >= fromSeq).slice(0, limit),
};

function idsIn(text: string): number[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('data:'))
    .map((block) => Number(/^id: (\d+)$/m.exec(block)?.[1]));
}

async function readUntil(out: PassThrough, enough: (text: string) => boolean): Promise<string> {
  let text = '';
  for await (const chunk of out) {
    text += String(chunk);
    if (enough(text)) break;
  }
  return text;
}

test('a client far behind gets every event once, from the log and then from the tail', async () => {
  const tail = createTail(9_000);
  const stop = new AbortController();
  const out = new PassThrough({ highWaterMark: 512 });
  const pumped = pumpEvents(
    out,
    { hub: tail, log },
    { filter: { tenant: 'default' }, afterSeq: 8_500, signal: stop.signal },
  );
  tail.take(all.slice(9_000));
  const text = await readUntil(out, (sofar) => sofar.includes('id: 10000\n'));
  stop.abort();
  await pumped;
  expect(idsIn(text)).toEqual(all.slice(8_500).map(({ seq }) => seq));
});

test('only what the filter wants is sent, and a heartbeat moves the id on', async () => {
  const tail = createTail(0);
  const stop = new AbortController();
  const out = new PassThrough();
  const plan = {
    filter: { tenant: 'default', agentId: 'lab:one' },
    afterSeq: 0,
    signal: stop.signal,
    heartbeatMs: 5,
  };
  const pumped = pumpEvents(out, { hub: tail, log }, plan);
  tail.take(all.slice(0, 4));
  const text = await readUntil(out, (sofar) => sofar.includes(': alive\nid: 4\n'));
  stop.abort();
  await pumped;
  expect(idsIn(text)).toEqual([1, 3]);
});

test('events of another tenant are never sent', async () => {
  const tail = createTail(0);
  const stop = new AbortController();
  const out = new PassThrough();
  const pumped = pumpEvents(
    out,
    { hub: tail, log },
    { filter: { tenant: 'other' }, afterSeq: 0, signal: stop.signal, heartbeatMs: 5 },
  );
  tail.take(all.slice(0, 4));
  const text = await readUntil(out, (sofar) => sofar.includes(': alive\nid: 4\n'));
  stop.abort();
  await pumped;
  expect(idsIn(text)).toEqual([]);
});

test('a client that leaves ends its stream', async () => {
  const stop = new AbortController();
  const out = new PassThrough({ highWaterMark: 16 });
  const pumped = pumpEvents(
    out,
    { hub: createTail(10_000), log },
    { filter: { tenant: 'default' }, afterSeq: 0, signal: stop.signal },
  );
  out.destroy();
  await expect(pumped).resolves.toBeUndefined();
});
