import { type ErrorCode, WritError } from '@writ/contracts';
import { expect, test } from 'vitest';
import { refusalOf } from './validation-desk.ts';

test.each<[ErrorCode, string]>([
  ['BODY_INVALID', 'REQUEST_INVALID'],
  ['BODY_MALFORMED', 'REQUEST_INVALID'],
  ['STORE_UNAVAILABLE', 'STORE_UNAVAILABLE'],
  ['VERSION_CONFLICT', 'VERSION_CONFLICT'],
  ['CLOCK_SKEW', 'CLOCK_SKEW'],
  ['IDEMPOTENCY_KEY_REUSED', 'IDEMPOTENCY_KEY_REUSED'],
])('what failed with %s is refused as %s', (code, told) => {
  expect(refusalOf(new WritError(code, 'why'))).toEqual({ code: told, message: 'why' });
});
