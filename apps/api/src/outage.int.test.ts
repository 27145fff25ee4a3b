import { eventually, startTestPostgres, type TestPostgres } from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answered, ApiBench, migrated } from './api.fixture.ts';

let postgres: TestPostgres;
let bench: ApiBench;
let admin: string;

beforeAll(async () => {
  postgres = await startTestPostgres();
  await migrated(postgres.url);
  bench = await ApiBench.start({ database: { url: postgres.url, drop: () => postgres.stop() } });
  admin = (await bench.key('admin')).apiKey;
  await bench.register('lab:one');
  await bench.project();
  await eventually(async () => (await get('/v1/agents')).status === 200);
});
afterAll(() => bench.stop());

const get = (path: string) => bench.ask('GET', path, { key: admin });
const suspend = () => bench.ask('POST', '/v1/agents/lab:one/suspend', { key: admin });

/** The first answer of 503. */
function untilRefused(ask: () => Promise<Answered>): Promise<Answered> {
  return eventually(async () => {
    const answered = await ask();
    if (answered.status !== 503) throw new Error(`it was answered with ${answered.status}`);
    return answered;
  });
}

test('without Postgres lists are refused, the log is still read, and all is well when it is back', async () => {
  await postgres.halt();
  expect((await get('/v1/agents')).body).toMatchObject({ code: 'STORE_UNAVAILABLE', status: 503 });
  expect((await get('/v1/events')).status).toBe(200);
  expect((await get('/health')).status).toBe(200);
  const ready = await untilRefused(() => get('/ready'));
  expect(ready.body).toMatchObject({ status: 'not_ready', troubles: [{ part: 'read models' }] });
  await eventually(() => !bench.api.ready().ok);
  await postgres.resume();
  await eventually(async () => (await get('/ready')).status === 200, { withinMs: 30_000 });
  await eventually(() => bench.api.ready().ok);
  expect((await get('/v1/agents')).status).toBe(200);
});

test('without NATS commands and the log are refused, lists are still read, and all is well when it is back', async () => {
  await bench.bus.kill();
  const refused = await untilRefused(() => suspend());
  expect(refused.body).toMatchObject({ code: 'BUS_UNAVAILABLE' });
  expect((await get('/v1/events')).body).toMatchObject({ code: 'LOG_UNAVAILABLE' });
  expect((await get('/v1/agents')).status).toBe(200);
  const ready = await untilRefused(() => get('/ready'));
  expect(ready.body).toMatchObject({ troubles: [{ part: 'nats' }] });
  await bench.bus.restart();
  await eventually(async () => (await get('/ready')).status === 200, { withinMs: 30_000 });
  expect((await get('/v1/events')).status).toBe(200);
  expect((await suspend()).body).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  const seq = await bench.register('lab:two');
  const { lastSeq } = await bench.log.status();
  expect(lastSeq).toBe(seq);
  await eventually(async () => (await get(`/v1/events?from=${seq}`)).text.includes('lab:two'));
});
