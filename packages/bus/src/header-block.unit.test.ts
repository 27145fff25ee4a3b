import { headers } from '@nats-io/nats-core';
import { describe, expect, test } from 'vitest';
import { encodedHeaders, headerIn, headerText, scanHeaders, statusOf } from './header-block.ts';

const lines = [
  ['ce-id', 'a1'],
  ['Nats-Msg-Id', 'default/_/x/AgentSuspended/a1'],
  ['ce-type', 'dev.writ.registry.AgentSuspended.v1'],
] as const;

describe('header blocks', () => {
  test('are the bytes that the client would have written', () => {
    const clients = headers();
    for (const [name, value] of lines) clients.append(name, value);
    expect(Buffer.from(encodedHeaders(headerText(lines)).encode()).toString()).toBe(clients.toString());
  });

  test('give back the lines they were made of', () => {
    const block = Buffer.from(encodedHeaders(headerText(lines)).encode()).toString('latin1');
    expect([...scanHeaders(block)]).toEqual(lines.map((line) => [...line]));
    expect(headerIn(block, 'CE-TYPE')).toBe('dev.writ.registry.AgentSuspended.v1');
    expect(headerIn(block, 'ce-typ')).toBeUndefined();
    expect(statusOf(block)).toEqual({ code: 0, text: '' });
  });

  test('can not be broken out of by a value with line ends', () => {
    const block = Buffer.from(encodedHeaders(headerText([['Writ-X', 'a\r\nNats-Rollup: all\n\nbody']])).encode()).toString('latin1');
    expect([...scanHeaders(block)]).toEqual([['Writ-X', 'a Nats-Rollup: all body']]);
  });

  test('of the server say their status', () => {
    expect(statusOf('NATS/1.0 409 Consumer Deleted\r\n\r\n')).toEqual({ code: 409, text: 'Consumer Deleted' });
    expect(statusOf('NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 3\r\n\r\n')).toEqual({ code: 100, text: 'Idle Heartbeat' });
    expect(statusOf('')).toEqual({ code: 0, text: '' });
  });

  test.each(['', 'NATS/1.0', 'NATS/1.0\r\n', 'NATS/1.0\r\nno colon here\r\n\r\n', 'NATS/1.0\r\nhalf: li'])('that are cut off (%j) end the scan without a line', (block) => {
    expect([...scanHeaders(block)]).toEqual([]);
  });
});
