import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { openGate } from './gate.ts';

const response = () => new EventEmitter() as ServerResponse;

test('so many are let in at a time, and the rest are told to come again', () => {
  const gate = openGate(2);
  gate.enter(response());
  gate.enter(response());
  expect(() => gate.enter(response())).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
});

test('a place is free again when its response is done or lost, and counted once', () => {
  const gate = openGate(1);
  const first = response();
  gate.enter(first);
  first.emit('close');
  first.emit('close');
  gate.enter(response());
  expect(() => gate.enter(response())).toThrow();
});
