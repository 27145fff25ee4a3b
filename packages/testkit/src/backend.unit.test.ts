import { describe, expect, test } from 'vitest';
import { testBackend } from './backend.ts';

describe('the backend of the tests', () => {
  test('is embedded where nothing else is asked for', () => {
    expect(testBackend({})).toEqual({});
    expect(testBackend({ WRIT_TEST_DATABASE_URL: 'postgres://unused' })).toEqual({});
  });

  test('is the Postgres that is named, where external servers are asked for', () => {
    const variables = { WRIT_TEST_BACKEND: 'external', WRIT_TEST_DATABASE_URL: 'postgres://mine' };
    expect(testBackend(variables)).toEqual({ databaseUrl: 'postgres://mine' });
  });

  test('is a Postgres in a container, where one is asked for', () => {
    expect(testBackend({ WRIT_TEST_BACKEND: 'container' })).toEqual({ container: true });
  });

  test('starts the nats-server that is named', () => {
    expect(testBackend({ WRIT_NATS_SERVER_BIN: '/opt/nats' })).toEqual({ natsBinary: '/opt/nats' });
  });

  test('says what is missing, and what it does not know', () => {
    expect(() => testBackend({ WRIT_TEST_BACKEND: 'external' })).toThrow('WRIT_TEST_DATABASE_URL');
    expect(() => testBackend({ WRIT_TEST_BACKEND: 'cloud' })).toThrow('`cloud`');
  });
});
