import { subjects } from '@writ/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Commanders, startCommanders, tenant, typesOn } from '../commanders.fixture.ts';

const schema = `action "transfer" appliesTo {
  principal: [Agent], resource: [Resource], context: { amount: Long }
};`;
const free = { large: 'forbid (principal, action, resource) when { context.amount > 3 };' };
const held = {
  large: 'forbid (principal, action == Action::"transfer", resource) when { context.amount > 3 };',
};

let cell: Commanders;
beforeAll(async () => {
  cell = await startCommanders(1);
});
afterAll(() => cell.stop());

async function active(policies: Record<string, string>): Promise<string> {
  const { result } = await cell.done('authority.publish-policies', { policies });
  const version = String(result['version']);
  await cell.done('authority.activate-policies', { version });
  return version;
}

test('policies are held to the schema from its publication on, whichever way they would decide', async () => {
  const older = await active(free);
  expect(await cell.refused('authority.publish-schema', { schema: 'action' })).toMatchObject({
    code: 'SCHEMA_INVALID',
    message: expect.stringContaining('line 1, column'),
  });
  expect(await cell.refused('authority.publish-schema', { schema })).toMatchObject({
    code: 'POLICY_INVALID',
    message: expect.stringContaining(`of version \`${older}\` is not valid`),
    details: [{ path: 'policies.large' }],
  });
  const newer = await active(held);
  const published = await cell.done('authority.publish-schema', { schema, note: 'money' });
  expect(published.result).toEqual({ version: '1', digest: expect.stringMatching(/^sha256:/) });
  expect((await cell.done('authority.publish-schema', { schema })).events).toEqual([]);

  const refusal = { code: 'POLICY_INVALID' };
  expect(await cell.refused('authority.publish-policies', { policies: free })).toMatchObject(
    refusal,
  );
  expect(await cell.refused('authority.activate-policies', { version: older })).toMatchObject(
    refusal,
  );
  expect(await cell.refused('authority.rollback-policies', {})).toMatchObject(refusal);

  await cell.done('authority.publish-schema', { schema: null });
  const back = await cell.done(
    'authority.rollback-policies',
    { reason: 'too strict' },
    { idempotencyKey: 'back-1' },
  );
  expect(back.result).toMatchObject({ version: older });
  const again = await cell.done(
    'authority.rollback-policies',
    { reason: 'too strict' },
    { idempotencyKey: 'back-1' },
  );
  expect(again).toEqual(back);
  expect(await cell.refused('authority.rollback-policies', { version: newer })).toMatchObject({
    code: 'POLICY_ROLLBACK_IMPOSSIBLE',
  });
  expect((await typesOn(cell, subjects.policies(tenant))).slice(-3)).toEqual([
    'SchemaPublished',
    'SchemaPublished',
    'PoliciesRolledBack',
  ]);
});
