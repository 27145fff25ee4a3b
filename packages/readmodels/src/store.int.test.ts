import { startTcpProxy, type TcpProxy } from '@writ/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore, type Store } from './store.ts';
import { openTestStore, type TestStore } from './test-store.fixture.ts';

let database: TestStore;
let proxy: TcpProxy;
let store: Store;
beforeEach(async () => {
  database = await openTestStore();
  const url = new URL(database.url);
  proxy = await startTcpProxy(Number(url.port));
  url.port = String(proxy.port);
  store = openStore(url.href, { max: 1, queryTimeoutMs: 500 });
});
afterEach(async () => {
  if (!store.pool.ending) await store.close();
  await proxy.stop();
  await database.drop();
});

const ask = () => store.db.selectFrom('projection_positions').select('seq').execute();

test('a connection whose server fell silent is closed, and the next question gets another', async () => {
  expect(await ask()).toEqual([]);
  proxy.loseAnswers();
  await expect(ask()).rejects.toThrow('Query read timeout');
  expect(store.pool.totalCount).toBe(0);
  proxy.heal();
  expect(await ask()).toEqual([]);
});

test('what is asked after it on the same connection is refused at once, a rollback too', async () => {
  const client = await store.pool.connect();
  await client.query('begin');
  proxy.loseAnswers();
  await expect(client.query('select')).rejects.toThrow('Query read timeout');
  await expect(client.query('rollback')).rejects.toThrow('not queryable');
  client.release();
  expect(store.pool.totalCount).toBe(0);
});

test('what was asked by the pool alone is closed too', async () => {
  await store.pool.query('select');
  await store.close();
  expect(store.pool.totalCount).toBe(0);
});

test('what was asked by queries is closed', async () => {
  await ask();
  await store.close();
  expect(store.pool.totalCount).toBe(0);
});
