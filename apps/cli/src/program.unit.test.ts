import { expect, test } from 'vitest';
import { answering, json, writ } from './program.fixture.ts';

test('help and the version go to standard output and end with 0', async () => {
  const help = await writ(['--help']);
  expect([help.exitCode, help.stderr]).toEqual([0, '']);
  expect(help.stdout).toContain('Examples:');
  expect(await writ(['--version'])).toMatchObject({ exitCode: 0, stdout: '0.1.0\n' });
});

test.each([
  ['an unknown verb', ['agnets', 'list'], 'Did you mean agents?'],
  ['an unknown option', ['agents', 'list', '--sttus', 'active'], 'Did you mean --status?'],
  ['a missing argument', ['agents', 'show'], "missing required argument 'agentId'"],
  ['a missing verb', ['agents'], 'Usage: writ agents'],
  [
    'an option out of range',
    ['agents', 'list', '--limit', '501'],
    'must be a whole number from 1 to 500',
  ],
  ['a context that is no JSON', ['ask', 'a', 'b', 'c:d', '--context', '{'], 'must be JSON'],
  ['a result that is no JSON', ['validation', 'check', 'a', 'b', '{oops'], 'must be JSON'],
  [
    'a segment that is no number',
    ['log', 'verify', 'x', '--from', '.'],
    'must be the number of a segment',
  ],
  ['a resource without a type', ['ask', 'a', 'b', 'sales'], '`sales` is not a resource'],
  ['an unknown role', ['run', 'govenor'], 'there is no role `govenor`'],
])('%s is a usage error that says what is right', async (_what, args, said) => {
  const { exitCode, stdout, stderr } = await writ(args);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toContain(said);
});

test.each([
  ['an unknown verb', ['agents', 'lst']],
  ['an argument that is not valid', ['validation', 'check', 'a', 'b', '{oops']],
])('%s is one JSON document when JSON was asked for', async (_what, args) => {
  const { exitCode, stdout } = await writ([...args, '--json']);
  expect(exitCode).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'USAGE', exitCode: 2 } });
});

test('a platform that does not run ends with 3 and says how to start it', async () => {
  const { exitCode, stderr } = await writ(['agents', 'list']);
  expect(exitCode).toBe(3);
  expect(stderr).toContain(
    'nothing answers at `http://127.0.0.1:1`; start it with `npm start` or `writ up`',
  );
});

test('a refusal ends with 1 and names each field', async () => {
  const problem = {
    code: 'BODY_INVALID',
    detail: 'the body is not valid',
    errors: [{ path: 'version', message: 'must be a semantic version' }],
  };
  const port = await answering(json(400, problem));
  const { exitCode, stderr } = await writ(['agents', 'register', 'a', '--type', 'x'], port);
  expect(exitCode).toBe(1);
  expect(stderr).toBe('error: the body is not valid\n  version must be a semantic version\n');
});

test('an outage that the API tells of ends with 3', async () => {
  const port = await answering(
    json(503, { code: 'STORE_UNAVAILABLE', detail: 'the read models can not be reached now' }),
  );
  expect(await writ(['grants', 'list'], port)).toMatchObject({ exitCode: 3 });
});

test('a key that is not known is told how to give one', async () => {
  const port = await answering(
    json(401, { code: 'UNAUTHENTICATED', detail: 'no valid key was presented' }),
  );
  const { exitCode, stderr } = await writ(['keys', 'list'], port);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('set WRIT_API_KEY');
});

test('something else at the address is recognised as such', async () => {
  const port = await answering((_request, response) => void response.end('<html>hello</html>'));
  const { exitCode, stderr } = await writ(['agents', 'list'], port);
  expect(exitCode).toBe(3);
  expect(stderr).toContain('is not a Writ API');
});

test('a deny is the exit code 1, an allow is 0, and both are one document', async () => {
  const context = {
    outcome: 'deny',
    decisionId: 'd',
    code: 'NO_GRANT',
    message: 'no grant covers it',
    reasons: [],
  };
  const denying = await answering(json(200, { decision: false, context }));
  const denied = await writ(['ask', 'a', 'b', 'c:d', '--json'], denying);
  expect(denied.exitCode).toBe(1);
  expect(JSON.parse(denied.stdout)).toMatchObject({ decision: false, context });
  const allowing = await answering(
    json(200, { decision: true, context: { ...context, outcome: 'allow' } }),
  );
  expect(await writ(['ask', 'a', 'b', 'c:d'], allowing)).toMatchObject({ exitCode: 0 });
});

test('the key goes with the request and list filters become its query', async () => {
  const seen: string[] = [];
  const port = await answering((request, response) => {
    seen.push(`${request.url} ${request.headers.authorization}`);
    json(200, { items: [], nextCursor: null })(request, response);
  });
  await writ(
    ['agents', 'list', '--capability', 'png', '--capability', 'csv', '--label', 'team=x', '--json'],
    port,
  );
  expect(seen).toEqual([
    '/v1/agents?capability=png&capability=csv&label=team%3Dx&limit=50 Bearer writ_abcdefghij_secret',
  ]);
});

test('each command has a key of its own, and one in doubt names it for a repetition', async () => {
  const keys: unknown[] = [];
  const port = await answering((request, response) => {
    keys.push(request.headers['idempotency-key']);
    json(504, { code: 'TIMEOUT', detail: 'no answer came in time' })(request, response);
  });
  const first = await writ(['policies', 'rollback'], port);
  await writ(['policies', 'rollback'], port);
  expect(new Set(keys).size).toBe(2);
  expect(first.exitCode).toBe(3);
  expect(first.stderr).toContain(`--idempotency-key ${String(keys[0])}`);
  await writ(['policies', 'rollback', '--idempotency-key', String(keys[0])], port);
  expect(keys[2]).toBe(keys[0]);
});

test('a question has no idempotency key', async () => {
  const keys: unknown[] = [];
  const port = await answering((request, response) => {
    keys.push(request.headers['idempotency-key']);
    json(504, { code: 'TIMEOUT', detail: 'no answer came in time' })(request, response);
  });
  const { stderr } = await writ(['ask', 'a', 'b', 'c:d'], port);
  expect([keys, stderr]).toEqual([[undefined], 'error: no answer came in time\n']);
});
