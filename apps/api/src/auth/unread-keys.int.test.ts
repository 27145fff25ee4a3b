import { ingestSubject, subjects } from '@writ/contracts';
import { eventually } from '@writ/testkit';
import { headers } from '@nats-io/nats-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiBench, tenant } from '../api.fixture.ts';

let bench: ApiBench;

beforeAll(async () => {
  bench = await ApiBench.start();
});
afterAll(() => bench?.stop());

test('a key is believed no more when what is revoked can not be read from the log', async () => {
  const { keyId, apiKey } = await bench.key('admin');
  const listed = async () => (await bench.ask('GET', '/v1/grants', { key: apiKey })).status;
  await eventually(async () => (await listed()) === 200);
  const ofTomorrow = headers();
  ofTomorrow.set('ce-type', 'dev.writ.tenancy.KeyPromoted.v9');
  const operator = await bench.bus.connect('operator');
  const subject = ingestSubject(bench.bus.secrets.ingest, subjects.key(tenant, 'tomorrow0001'));
  await operator.request(subject, '{}', { headers: ofTomorrow, timeout: 5000 });
  await bench.revoke(keyId);
  await eventually(async () => (await listed()) === 500);
  const reply = await operator.request(subjects.ask(tenant, keyId, 'agents'), '{}', {
    timeout: 5000,
  });
  expect(reply.json()).toMatchObject({ ok: false, error: { code: 'EVENT_UNREADABLE' } });
});
