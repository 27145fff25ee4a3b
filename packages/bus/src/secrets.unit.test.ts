import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { natsServerConfig } from './nats-server-config.ts';
import { generateSecrets, readSecrets, userNames, writeSecrets } from './secrets.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'writ-secrets-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the secrets of a cell', () => {
  test('are read back as they were written, from a file of their owner only', async () => {
    const path = join(directory, 'secrets.json');
    const secrets = generateSecrets();
    await writeSecrets(path, secrets);
    expect(await readSecrets(path)).toEqual(secrets);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('differ from cell to cell and from user to user', () => {
    const [a, b] = [generateSecrets(), generateSecrets()];
    expect(a.ingest).not.toBe(b.ingest);
    expect(new Set(userNames.map((name) => a.users[name].seed)).size).toBe(userNames.length);
  });

  test.each([
    ['is not there', undefined],
    ['is not JSON', '{'],
    ['is of another version', JSON.stringify({ ...generateSecrets(), version: 2 })],
    ['lacks a user', JSON.stringify({ ...generateSecrets(), users: {} })],
    ['has an ingest prefix with wildcards', JSON.stringify({ ...generateSecrets(), ingest: '*' })],
  ])('are refused when the file %s', async (name, text) => {
    const path = join(directory, `${name}.json`);
    if (text !== undefined) await writeFile(path, text);
    await expect(readSecrets(path)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test('of a file that is older than a user have keys for it, the same for everybody who reads it', async () => {
    const path = join(directory, 'older.json');
    const { 'snapshotter-store': _, ...users } = generateSecrets().users;
    await writeFile(path, JSON.stringify({ ...generateSecrets(), users }));
    const [once, again] = [await readSecrets(path), await readSecrets(path)];
    expect(once.users['snapshotter-store']).toEqual({
      seed: expect.stringMatching(/^SU[A-Z2-7]{56}$/),
      public: expect.stringMatching(/^U[A-Z2-7]{55}$/),
    });
    expect(again).toEqual(once);
  });

  test('never show in an error about the file', async () => {
    const path = join(directory, 'broken.json');
    const secrets = generateSecrets();
    await writeSecrets(path, { ...secrets, cell: 'not one' });
    const error: unknown = await readSecrets(path).catch((thrown: unknown) => thrown);
    expect(String(error)).not.toContain(secrets.pepper);
    expect(await readFile(path, 'utf8')).toContain(secrets.pepper);
  });
});

describe('the server’s configuration', () => {
  const secrets = generateSecrets();
  const text = natsServerConfig(secrets, {
    serverName: 's1',
    port: 4222,
    monitorPort: 8222,
    storeDir: '/tmp/with "quotes"',
  });

  test('listens on loopback only and syncs every second unless told otherwise', () => {
    expect(text).toContain('listen: "127.0.0.1:4222"');
    expect(text).toContain('http: "127.0.0.1:8222"');
    expect(text).toContain('sync_interval: "1s"');
    const always = natsServerConfig(secrets, {
      serverName: 's1',
      port: 1,
      monitorPort: null,
      storeDir: '/x',
      syncAlways: true,
    });
    expect(always).toContain('sync_interval: always');
    expect(always).not.toContain('http:');
  });

  test('holds no seed and no pepper', () => {
    for (const secret of [
      secrets.pepper,
      secrets.issuerSeed,
      ...userNames.map((name) => secrets.users[name].seed),
    ])
      expect(text).not.toContain(secret);
  });

  test('keeps a path with quotes in one string', () =>
    expect(text).toContain('store_dir: "/tmp/with \\"quotes\\""'));

  test('lets nobody but the operator touch what streams are', () => {
    for (const user of userNames.filter((name) => name !== 'operator')) {
      const line =
        text
          .split('\n')
          .find((one) => one.includes(secrets.users[user].public) && one.includes('permissions')) ??
        '';
      expect(line).not.toMatch(
        /STREAM\.(CREATE|UPDATE|DELETE|PURGE|MSG\.DELETE)|"\$JS\.API\.>"|publish: \[">"\]/,
      );
      if (user.endsWith('-answer')) expect(line).toContain('publish: ["_INBOX.>"]');
    }
  });
});
