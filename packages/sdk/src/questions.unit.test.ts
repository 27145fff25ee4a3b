import { expect, test } from 'vitest';
import { askPermission, toRequest } from './questions.ts';

test('a question is put in the words of AuthZEN', () => {
  expect(
    toRequest({ agentId: 'town:a', action: 'read', resource: 'dataset:a:b', context: { cost: 1 } }),
  ).toEqual({
    subject: { type: 'agent', id: 'town:a' },
    action: { name: 'read' },
    resource: { type: 'dataset', id: 'a:b' },
    context: { cost: 1 },
  });
});

test.each(['dataset', 'dataset:', ':sales', ''])(
  'a resource without a type or an id is refused: `%s`',
  (resource) => {
    expect(() => toRequest({ agentId: 'a', action: 'read', resource })).toThrow(
      `\`${resource}\` is not a resource; write it as \`<type>:<id>\``,
    );
  },
);

const replies = {
  require_approval: { decision: false, approvalId: 'a1' },
  allow: { decision: true },
} as const;

/** A link whose governors answer so, one after the other, and what they were asked. */
function answering(...outcomes: (keyof typeof replies)[]) {
  const waited: unknown[] = [];
  const link = {
    keyId: 'key0000001',
    tenant: 'default',
    async call({ body }: { readonly body: unknown }) {
      const { options } = body as { options?: { waitForApprovalMs?: number } };
      waited.push(options?.waitForApprovalMs);
      const outcome = outcomes.shift() ?? 'require_approval';
      const { decision, ...more } = { approvalId: undefined, ...replies[outcome] };
      const said = { decisionId: 'd', reasons: [], policies: [], obligations: [], ignored: [] };
      const at = { trust: null, seq: 1, policyDigest: '', evaluatedAt: '' };
      return { decision, context: { outcome, ...said, ...at, ...more } };
    },
  };
  const asking = { link: link as never, freshness: {} as never, readYourWrites: false };
  const question = { agentId: 'town:a', action: 'pay', resource: 'invoice:17' };
  return { ask: (ms?: number) => askPermission(asking, question, waits(ms)), waited };
}

function waits(ms: number | undefined) {
  return ms === undefined ? {} : { waitForApprovalMs: ms };
}

test('a question that waits for a person is asked again of another governor when one leaves', async () => {
  const { ask, waited } = answering('require_approval', 'allow');
  expect(await ask(60_000)).toMatchObject({ decision: true });
  expect(waited).toHaveLength(2);
  for (const ms of waited) expect(ms).toBe(15_000);
});

test('a question that waits ends when its time does; one that does not is asked once', async () => {
  const patient = answering();
  expect(await patient.ask(20)).toMatchObject({ decision: false });
  expect(patient.waited.length).toBeGreaterThan(0);
  const once = answering();
  await once.ask();
  expect(once.waited).toEqual([undefined]);
});
