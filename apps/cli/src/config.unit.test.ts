import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { masked } from './operations/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'writ-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('a flag wins over the environment, the environment over the file, the file over the default', async () => {
  const path = file(
    'all.yaml',
    'WRIT_DATA_DIR: /from/file\nWRIT_TENANT: filed\nWRIT_HTTP_PORT: 9000\n',
  );
  const variables = { WRIT_CONFIG: path, WRIT_DATA_DIR: '/from/env', WRIT_TENANT: 'acme' };
  const { environment, dataDir, sources } = await readConfig({ data: '/from/flag' }, variables);
  expect([dataDir, environment.WRIT_TENANT, environment.WRIT_HTTP_PORT]).toEqual([
    '/from/flag',
    'acme',
    9000,
  ]);
  expect(sources).toMatchObject({
    WRIT_DATA_DIR: 'flag',
    WRIT_TENANT: 'environment',
    WRIT_HTTP_PORT: 'file',
    WRIT_HTTP_HOST: 'default',
  });
});

test('a file with an unknown setting is refused by name', async () => {
  const path = file('odd.json', '{"WRIT_HTTP_PROT": 1}');
  await expect(readConfig({}, { WRIT_CONFIG: path })).rejects.toThrow('`WRIT_HTTP_PROT`');
});

test('a file that is missing or no object is a usage error', async () => {
  const missing = readConfig({}, { WRIT_CONFIG: join(folder, 'nowhere.yaml') });
  await expect(missing).rejects.toMatchObject({ exitCode: 2 });
  const list = readConfig({}, { WRIT_CONFIG: file('list.yaml', '- 1\n') });
  await expect(list).rejects.toMatchObject({ exitCode: 2 });
});

test('a bad variable is named with its path', async () => {
  await expect(readConfig({}, { WRIT_HTTP_PORT: 'eighty' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    details: [{ path: 'WRIT_HTTP_PORT' }],
  });
});

test('what is shown of settings holds no secret', () => {
  expect(masked('WRIT_API_KEY', 'writ_abcdefghij_topsecret')).toBe('writ_abcdefghij_…');
  expect(masked('WRIT_DATABASE_URL', 'postgres://writ:pw@db/writ')).toBe(
    'postgres://writ:…@db/writ',
  );
  expect(masked('WRIT_NATS_URL', 'nats://token@a:1,nats://u:p@b:2')).toBe(
    'nats://…@a:1,nats://u:…@b:2',
  );
  expect(masked('WRIT_HTTP_PORT', 8080)).toBe(8080);
});
