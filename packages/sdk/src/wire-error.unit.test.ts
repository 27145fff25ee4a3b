import { WritError } from '@writ/contracts';
import { errors } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { mayPass, noReply, refusalIn } from './wire-error.ts';

const refused = (error: object) =>
  refusalIn({ ok: false, error: { message: 'no', details: [], retryable: false, ...error } });

describe('a refusal', () => {
  test('becomes an error with its code, sentence and fields', () => {
    const error = refused({
      code: 'BODY_INVALID',
      message: 'the body is not valid',
      details: [{ path: 'agentId', message: 'is missing' }],
    });
    expect(error).toBeInstanceOf(WritError);
    expect(error).toMatchObject({
      code: 'BODY_INVALID',
      message: 'the body is not valid',
      details: [{ path: 'agentId', message: 'is missing' }],
    });
  });

  test('may pass when the bus says so, whatever its code', () => {
    expect(mayPass(refused({ code: 'VERSION_CONFLICT' }))).toBe(true);
    expect(mayPass(refused({ code: 'BODY_INVALID' }))).toBe(false);
    expect(mayPass(refused({ code: 'BODY_INVALID', retryable: true }))).toBe(true);
  });

  test('with a code of a later release keeps the code in its sentence', () => {
    expect(refused({ code: 'MOON_FULL', message: 'the moon is full' })).toMatchObject({
      code: 'INTERNAL',
      message: 'the moon is full (code `MOON_FULL`, which this release does not know)',
    });
  });

  test('is not seen in any other reply', () => {
    for (const reply of [{ ok: true }, { decision: false }, null, 'no', 7])
      expect(refusalIn(reply)).toBeUndefined();
    expect(refusalIn({ ok: false })).toMatchObject({ code: 'INTERNAL' });
  });
});

describe('no reply', () => {
  test.each([
    [new errors.TimeoutError(), 'TIMEOUT', true],
    [
      new errors.RequestError('', { cause: new errors.NoRespondersError('x') }),
      'SERVICE_UNAVAILABLE',
      true,
    ],
    [
      new errors.RequestError('', {
        cause: new errors.PermissionViolationError('', 'publish', 'x'),
      }),
      'NOT_ALLOWED',
      false,
    ],
    [new errors.RequestError('connection closed'), 'BUS_UNAVAILABLE', true],
    [new errors.ClosedConnectionError(), 'BUS_UNAVAILABLE', false],
    [new errors.DrainingConnectionError(), 'BUS_UNAVAILABLE', false],
  ] as const)(
    'because of %s has a code, and is tried again where that may help',
    (thrown, code, again) => {
      const error = noReply(thrown, '`registry.register-agent`');
      expect(error).toMatchObject({ code, cause: thrown });
      expect(error.message).toContain('`registry.register-agent`');
      expect(mayPass(error)).toBe(again);
    },
  );

  test('may not pass when it is no error of ours', () => {
    expect(mayPass(new Error('a bug'))).toBe(false);
  });
});
