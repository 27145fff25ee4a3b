import { expect, test } from 'vitest';
import { answering, json, writ } from '../program.fixture.ts';

const create = ['keys', 'create', 'worker', '--idempotency-key', 'once'];
const reply = { ok: true, seq: 7, token: 'w1.t', events: [] };

test('the line on standard output is the secret of the new key', async () => {
  const result = { keyId: 'abcdefghij', key: 'writ_abcdefghij_secret' };
  const port = await answering(json(201, { ...reply, result }));
  const { exitCode, stdout, stderr } = await writ(create, port);
  expect([exitCode, stdout]).toEqual([0, 'writ_abcdefghij_secret\n']);
  expect(stderr).toContain('key `abcdefghij` is created');
});

test('a key that was made before has no line, ends with 1 and says what to do', async () => {
  const port = await answering(json(201, { ...reply, result: { keyId: 'abcdefghij' } }));
  const { exitCode, stdout, stderr } = await writ(create, port);
  expect([exitCode, stdout]).toEqual([1, '']);
  expect(stderr).toBe(
    'key `abcdefghij` was made before; its secret is not shown again: revoke it and make another\n',
  );
  const document = await writ([...create, '--json'], port);
  expect(document.exitCode).toBe(1);
  expect(JSON.parse(document.stdout)).toMatchObject({ result: { keyId: 'abcdefghij' } });
});
