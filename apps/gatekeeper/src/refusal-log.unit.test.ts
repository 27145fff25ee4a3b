import { describe, expect, test } from 'vitest';
import { createRefusalLog } from './refusal-log.ts';

function recorder() {
  const lines: object[] = [];
  const ignore = (): void => undefined;
  return {
    lines,
    log: {
      debug: ignore,
      info: ignore,
      error: ignore,
      warn: (fields: object) => void lines.push(fields),
    },
  };
}

const refusal = {
  keyId: 'abcdefghij',
  reason: 'the secret is wrong',
  host: '127.0.0.1',
  connectionName: 'worker',
};

describe('the log of refusals', () => {
  test('has one line for many of the same, and says how many were left out', () => {
    const { lines, log } = recorder();
    const refusals = createRefusalLog(log);
    for (let i = 0; i < 100; i++) refusals.note(refusal, 1000 + i);
    refusals.note(refusal, 12_000);
    expect(lines).toEqual([
      {
        keyId: 'abcdefghij',
        reason: 'the secret is wrong',
        host: '127.0.0.1',
        connection: 'worker',
        unlogged: 0,
      },
      {
        keyId: 'abcdefghij',
        reason: 'the secret is wrong',
        host: '127.0.0.1',
        connection: 'worker',
        unlogged: 99,
      },
    ]);
  });

  test('keeps different keys and reasons apart', () => {
    const { lines, log } = recorder();
    const refusals = createRefusalLog(log);
    refusals.note(refusal, 0);
    refusals.note({ ...refusal, reason: 'the key is revoked' }, 0);
    refusals.note({ ...refusal, keyId: 'klmnopqrst' }, 0);
    expect(lines).toHaveLength(3);
  });

  test('cuts what the client calls itself', () => {
    const { lines, log } = recorder();
    createRefusalLog(log).note({ ...refusal, connectionName: 'x'.repeat(500) }, 0);
    expect(lines[0]).toHaveProperty('connection', 'x'.repeat(64));
  });
});
