import { expect, test } from 'vitest';
import { readServerSentEvents, type ServerSentEvent } from './server-sent-events.ts';

function streamOf(...chunks: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
      controller.close();
    },
  });
}

async function read(...chunks: string[]): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of readServerSentEvents(streamOf(...chunks))) events.push(event);
  return events;
}

test('an event has its id, its name and its data', async () => {
  expect(await read('id: 7\nevent: event\ndata: {"a":1}\n\n')).toEqual([
    { id: '7', event: 'event', data: '{"a":1}' },
  ]);
});

test('events cut anywhere by the network come out whole', async () => {
  const text = 'id: 1\ndata: one\n\nid: 2\ndata: two\ndata: lines\n\n';
  const whole = await read(text);
  expect(whole.map((event) => event.data)).toEqual(['one', 'two\nlines']);
  expect(await read(...text.split(''))).toEqual(whole);
});

test('comments and blocks without data are skipped', async () => {
  expect(await read(': beat\n\nid: 4\n\ndata:x\n\n')).toEqual([
    { id: '4', event: 'message', data: 'x' },
  ]);
});

test('carriage returns end lines too', async () => {
  expect(
    await read('data: a\r\n\r', '\ndata: b\r\n\r\n').then((all) => all.map((event) => event.data)),
  ).toEqual(['a', 'b']);
});
