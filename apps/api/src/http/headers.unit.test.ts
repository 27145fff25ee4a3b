import { expect, test } from 'vitest';
import { commandHeaders, echoableRequestId } from './headers.ts';

test('an idempotency key goes to the bus under its name there', () => {
  expect(commandHeaders({ 'idempotency-key': 'once' })).toEqual([['Writ-Idempotency-Key', 'once']]);
  expect(commandHeaders({ 'writ-idempotency-key': 'once', 'idempotency-key': 'once' })[0]).toEqual([
    'Writ-Idempotency-Key',
    'once',
  ]);
});

test('two different idempotency keys are refused', () => {
  expect(() => commandHeaders({ 'writ-idempotency-key': 'a', 'idempotency-key': 'b' })).toThrow(
    expect.objectContaining({ code: 'HEADER_INVALID' }),
  );
});

test.each(['', 'with space', 'ü', 'x'.repeat(129)])('`%s` is no idempotency key', (key) => {
  expect(() => commandHeaders({ 'idempotency-key': key })).toThrow(
    expect.objectContaining({ code: 'HEADER_INVALID' }),
  );
});

test('a correlation id is kept, and a request without one is correlated by the id it has', () => {
  expect(commandHeaders({ 'writ-correlation-id': 'mine' })).toEqual([
    ['Writ-Correlation-Id', 'mine'],
  ]);
  expect(commandHeaders({ 'x-request-id': 'r1' })).toEqual([['Writ-Correlation-Id', 'r1']]);
  expect(commandHeaders({ 'x-request-id': 'no id of ours' })).toEqual([]);
});

test('a trace goes on only when it is one', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  expect(commandHeaders({ traceparent })).toContainEqual(['traceparent', traceparent]);
  expect(commandHeaders({ traceparent: 'garbage' })).toEqual([]);
});

test('a request id is echoed when it can be a header again', () => {
  expect(echoableRequestId({ 'x-request-id': 'bfe9eb29-ab87' })).toBe('bfe9eb29-ab87');
  expect(echoableRequestId({ 'x-request-id': 'a\tb' })).toBeUndefined();
  expect(echoableRequestId({ 'x-request-id': 'x'.repeat(300) })).toBeUndefined();
  expect(echoableRequestId({})).toBeUndefined();
});
