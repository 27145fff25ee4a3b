import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { answering, json, writ } from '../program.fixture.ts';

const question = ['ask', 'a', 'b', 'c:d', '--explain'];
const context = {
  decisionId: '6b1f4f0e-55f1-4b0c-9d5b-000000000000',
  reasons: [],
  policies: [],
  obligations: [],
  trust: 120,
  seq: 5,
  policyDigest: 'sha256:none',
  evaluatedAt: '2026-11-20T14:02:52.976Z',
  ignored: [],
};
const allow = { decision: true, context: { ...context, outcome: 'allow' } };
const explanation = { grants: [], policies: [], flips: [] };

/** An API that answers questions so, and the n-th request for an explanation so. */
function api(answer: unknown, explain: (n: number) => RequestListener): RequestListener {
  let asked = 0;
  return (request, response) => {
    const isQuestion = request.url === '/access/v1/evaluation';
    (isQuestion ? json(200, answer) : explain(++asked))(request, response);
  };
}

test('an allow is an allow to a key that may not have it explained', async () => {
  const forbidden = json(403, { code: 'NOT_ALLOWED', detail: 'the key may not do this' });
  const port = await answering(api(allow, () => forbidden));
  const { exitCode, stdout, stderr } = await writ([...question, '--json'], port);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ ...allow, explanation: null });
  expect(stderr).toBe('it can not be explained: the key may not do this\n');
});

test('a deny that can not be explained keeps its reason and its exit code', async () => {
  const said = { outcome: 'deny', code: 'STALE_STATE', message: 'the log can not be followed' };
  const down = json(503, { code: 'STORE_UNAVAILABLE', detail: 'the rows are away' });
  const port = await answering(
    api({ decision: false, context: { ...context, ...said } }, () => down),
  );
  const { exitCode, stdout, stderr } = await writ(question, port);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^deny STALE_STATE: the log can not be followed\n/);
  expect(stderr).toBe('it can not be explained: the rows are away\n');
});

test.each(['NOT_FOUND', 'STALE_STATE'])('an explanation that is %s is waited for', async (code) => {
  const late = json(404, { code, detail: 'not there yet' });
  const port = await answering(api(allow, (n) => (n < 3 ? late : json(200, explanation))));
  const { exitCode, stdout, stderr } = await writ([...question, '--json'], port);
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toEqual({ ...allow, explanation });
});

test('a decision of the past is looked up once', async () => {
  let asked = 0;
  const port = await answering((request, response) => {
    asked++;
    json(404, { code: 'NOT_FOUND', detail: 'no decision `typo` is recorded' })(request, response);
  });
  expect(await writ(['decisions', 'explain', 'typo'], port)).toMatchObject({ exitCode: 1 });
  expect(asked).toBe(1);
});
