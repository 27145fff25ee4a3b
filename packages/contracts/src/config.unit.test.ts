import { expect, test } from 'vitest';
import { parseEnvironment } from './config.ts';

test('an empty environment is all defaults, and nothing of others is read', () => {
  expect(parseEnvironment({ PATH: '/bin', WRIT_NATS_URL: '' })).toMatchObject({
    WRIT_HTTP_HOST: '127.0.0.1',
    WRIT_HTTP_PORT: 8080,
    WRIT_DATA_DIR: '.writ',
    WRIT_TENANT: 'default',
    WRIT_REPLICAS: 1,
    WRIT_SYNC: 'interval',
  });
});

test.each([
  ['WRIT_HTTP_PORT', '70000'],
  ['WRIT_REPLICAS', 'many'],
  ['WRIT_SYNC', 'sometimes'],
  ['WRIT_DATABASE_URL', 'mysql://x'],
  ['WRIT_API_KEY', 'secret'],
])('%s=%s is refused by its name', (name, value) => {
  expect(() => parseEnvironment({ [name]: value })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(name) }),
  );
});
