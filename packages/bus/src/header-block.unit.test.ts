import type { Msg } from '@nats-io/nats-core';
import { MsgHdrsImpl, MsgImpl } from '@nats-io/nats-core/internal';
import { describe, expect, test } from 'vitest';
import {
  encodedHeaders,
  headerBlockOf,
  headerIn,
  headerText,
  readsRawMessages,
  scanHeaders,
  statusOf,
} from './header-block.ts';

const lines = [
  ['ce-id', 'a1'],
  ['Nats-Msg-Id', 'default/_/x/AgentSuspended/a1'],
  ['ce-type', 'dev.writ.registry.AgentSuspended.v1'],
] as const;

describe('header blocks', () => {
  test('are the bytes that the client would have written', () => {
    const clients = new MsgHdrsImpl();
    for (const [name, value] of lines) clients.append(name, value);
    expect(Buffer.from(encodedHeaders(headerText(lines)).encode()).toString()).toBe(
      Buffer.from(clients.encode()).toString(),
    );
  });

  test('give back the lines they were made of', () => {
    const block = Buffer.from(encodedHeaders(headerText(lines)).encode()).toString('latin1');
    expect([...scanHeaders(block)]).toEqual(lines.map((line) => [...line]));
    expect(headerIn(block, 'CE-TYPE')).toBe('dev.writ.registry.AgentSuspended.v1');
    expect(headerIn(block, 'ce-typ')).toBeUndefined();
    expect(statusOf(block)).toEqual({ code: 0, text: '' });
  });

  test('can not be broken out of by a value with line ends', () => {
    const block = Buffer.from(
      encodedHeaders(headerText([['Writ-X', 'a\r\nNats-Rollup: all\n\nbody']])).encode(),
    ).toString('latin1');
    expect([...scanHeaders(block)]).toEqual([['Writ-X', 'a Nats-Rollup: all body']]);
  });

  test('of the server say their status', () => {
    expect(statusOf('NATS/1.0 409 Consumer Deleted\r\n\r\n')).toEqual({
      code: 409,
      text: 'Consumer Deleted',
    });
    expect(statusOf('NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 3\r\n\r\n')).toEqual({
      code: 100,
      text: 'Idle Heartbeat',
    });
    expect(statusOf('')).toEqual({ code: 0, text: '' });
  });

  test.each([
    '',
    'NATS/1.0',
    'NATS/1.0\r\n',
    'NATS/1.0\r\nno colon here\r\n\r\n',
    'NATS/1.0\r\nhalf: li',
  ])('that are cut off (%j) end the scan without a line', (block) => {
    expect([...scanHeaders(block)]).toEqual([]);
  });
});

describe('messages of the client', () => {
  const block = headerText(lines);
  const encoded = encodedHeaders(block).encode();
  const message = new MsgImpl(
    { subject: Buffer.from('a.b'), sid: 1, hdr: encoded.length, size: encoded.length + 2 },
    Buffer.concat([encoded, Buffer.from('{}')]),
    { publish: () => undefined } as never,
  ) as unknown as Msg;

  test('are read from their bytes, as long as the client keeps them where they are now', () => {
    expect(readsRawMessages(message)).toBe(true);
    expect(headerBlockOf(message)).toBe(Buffer.from(encoded).toString());
  });

  test('that do not show their bytes are read through the client’s headers', () => {
    const { subject, sid, data, headers } = message;
    const hidden = { subject, sid, data, headers };
    expect(headerBlockOf(hidden as unknown as Msg)).toBe(Buffer.from(encoded).toString());
  });
});
