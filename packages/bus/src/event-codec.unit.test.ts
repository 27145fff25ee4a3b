import { describe, expect, test } from 'vitest';
import { openEventTypes } from '@writ/contracts';
import { decodeEvent, encodeEvent, type NewEvent } from './event-codec.ts';
import { encodedHeaders, headerIn } from './header-block.ts';

const subject = 'writ.default.evt.registry.agent.langgraph-v2.chart_generator';
const event: NewEvent = {
  type: 'AgentSuspended',
  data: { agentId: 'langgraph-v2:chart_generator', reason: 'zu langsam – "später" 🙂' },
  id: '0190-a',
  timeMs: Date.UTC(2026, 10, 20, 9, 8, 7, 6),
  version: 3,
  tenant: 'default',
  actor: { type: 'api_key', id: 'tester00001' },
  aggregate: 'agent/langgraph-v2:chart_generator',
  correlationId: 'corr 1 %',
  causationId: 'cause-1',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  idempotencyKey: 'key:1',
  fingerprint: 'ab12',
};

function stored(from: NewEvent, at = subject) {
  const encoded = encodeEvent(from, '/writ/c00000000/1');
  const headers = Buffer.from(encodedHeaders(encoded.headers).encode()).toString('latin1');
  return { seq: 7, subject: at, headers, data: encoded.body };
}

describe('the codec of events', () => {
  test('gives back everything that was encoded', () => {
    const { aggregate: _a, traceparent: _t, ...kept } = event;
    expect(decodeEvent(stored(event))).toEqual({ ...kept, seq: 7, subject });
  });

  test('gives nulls for what was not there', () => {
    const {
      correlationId: _c,
      causationId: _u,
      traceparent: _t,
      idempotencyKey: _i,
      fingerprint: _f,
      ...least
    } = event;
    expect(decodeEvent(stored(least))).toMatchObject({
      correlationId: null,
      causationId: null,
      idempotencyKey: null,
      fingerprint: null,
    });
  });

  test('writes CloudEvents attributes in binary mode', () => {
    const { headers } = stored(event);
    const attributes = [
      'specversion',
      'type',
      'source',
      'subject',
      'time',
      'id',
      'authtype',
      'authid',
      'writtenant',
      'writversion',
      'correlationid',
    ];
    expect(
      Object.fromEntries(attributes.map((name) => [name, headerIn(headers, `ce-${name}`)])),
    ).toEqual({
      specversion: '1.0',
      type: 'dev.writ.registry.AgentSuspended.v1',
      source: '/writ/c00000000/1',
      subject: 'agent/langgraph-v2:chart_generator',
      time: '2026-11-20T09:08:07.006Z',
      id: '0190-a',
      authtype: 'api_key',
      authid: 'tester00001',
      writtenant: 'default',
      writversion: '3',
      correlationid: 'corr%201%20%25',
    });
  });

  test.each([
    [
      'an unknown type',
      (block: string) => block.replace('AgentSuspended.v1', 'AgentSuspended.v9'),
      /event at 7 is a `.*v9`.*up to v1; upgrade this role/,
    ],
    [
      'no id',
      (block: string) => block.replace(/ce-id: [^\r]*\r\n/, ''),
      /lacks one of its attributes/,
    ],
    [
      'a time that is none',
      (block: string) => block.replace(/ce-time: [^\r]*/, 'ce-time: soon'),
      /lacks one of its attributes/,
    ],
    ['no headers at all', () => '', /lacks one of its attributes/],
  ])('refuses an event with %s, naming it', (_, change, message) => {
    const sound = stored(event);
    const broken = { ...sound, headers: change(sound.headers) };
    expect(() => decodeEvent(broken)).toThrow(
      expect.objectContaining({
        code: 'EVENT_UNREADABLE',
        message: expect.stringMatching(message),
      }),
    );
  });

  test('gives data of an older version as that of the newest', () => {
    const types = openEventTypes(
      { AgentSuspended: { context: 'registry', version: 3 } },
      {
        AgentSuspended: {
          1: ({ reason, ...data }) => ({ ...data, note: reason }),
          2: (data) => ({ ...data, by: null }),
        },
      },
    );
    expect(decodeEvent(stored(event), { types })).toMatchObject({
      type: 'AgentSuspended',
      version: 3,
      data: { agentId: 'langgraph-v2:chart_generator', note: 'zu langsam – "später" 🙂', by: null },
    });
  });

  test('refuses data that its upcaster does not take, and says who has to be upgraded', () => {
    const types = openEventTypes(
      { AgentSuspended: { context: 'registry', version: 2 } },
      { AgentSuspended: { 1: () => JSON.parse('') as never } },
    );
    const unreadable = (message: string) =>
      expect.objectContaining({
        code: 'EVENT_UNREADABLE',
        message: expect.stringContaining(message),
      });
    expect(() => decodeEvent(stored(event), { types })).toThrow(unreadable('upcaster'));
    const none = openEventTypes({}, {});
    expect(() => decodeEvent(stored(event), { types: none, reader: 'governor' })).toThrow(
      unreadable('does not know; upgrade the role `governor`'),
    );
  });

  test('refuses a body that is not JSON', () => {
    expect(() => decodeEvent({ ...stored(event), data: Buffer.from('{') })).toThrow(
      expect.objectContaining({ code: 'EVENT_UNREADABLE' }),
    );
  });

  test.each([{ version: 0 }, { version: 1.5 }, { timeMs: Number.NaN }])(
    'refuses to write what could not be read again: %j',
    (wrong) => {
      expect(() => encodeEvent({ ...event, ...wrong }, '/writ/c/1')).toThrow(
        expect.objectContaining({ code: 'INTERNAL' }),
      );
    },
  );
});
