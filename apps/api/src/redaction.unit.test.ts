import { expect, test } from 'vitest';
import { redact } from './redaction.ts';

test('the secret of an API key never reaches a log, wherever it stands', () => {
  const secret = 'Zm9vYmFyYmF6cXV4';
  for (const text of [
    `Authorization: Bearer writ_abcdefghij12_${secret}`,
    `{"authorization":"Bearer writ_abcdefghij12_${secret}"}`,
    `GET /v1/agents?key=writ_abcdefghij12_${secret}&limit=1`,
    `authorization: bearer ${secret}`,
  ])
    expect(redact(text)).not.toContain(secret);
});

test('the id of a key stays, so that it can be found', () => {
  expect(redact('writ_abcdefghij12_secret')).toBe('writ_abcdefghij12_[redacted]');
});

test('other text stays as it is', () => {
  expect(redact('agent `a:b` is not registered')).toBe('agent `a:b` is not registered');
});
