import { decisionRecord, type DecisionInputs, evaluationReply } from '@writ/contracts';
import { expect, test } from 'vitest';
import { recordTailOf, render, replyOf } from './rendered.ts';

const inputs: DecisionInputs = {
  tenant: 'default',
  key: { keyId: 'k0admin0000', status: 'active', speaksForAgent: true },
  request: {
    agentId: 'a',
    action: 'read',
    resource: { type: 'dataset', id: '","nowMs":7,"seq":0' },
    context: { note: '"seq":0,"evaluatedAt":"' },
  },
  unusable: [],
  agent: {
    status: 'active',
    latched: false,
    type: 'reader',
    version: '1.0.0',
    owner: null,
    capabilities: [],
    labels: {},
  },
  grants: [{ grantId: 'g', expiresAt: null, conditions: {} }],
  missed: [],
  trust: { score: 120, model: 'writ-trust-1', r: '0.000000000', s: '0.000000000', minute: 0 },
  policies: { version: '1', digest: 'sha256:x' },
  engine: { name: 'cedar', version: '4.13.0' },
  nowMs: 1,
  seq: 1,
};
const moment = {
  decisionId: '01890a5d-ac96-774b-bcce-b302099a8057',
  nowMs: 1_800_000_000_123,
  seq: 77,
};

test('an answer and its record say the same, whatever the caller wrote into names and values', () => {
  const ignored = ['"seq":0', '\u0001', 'x'];
  const decision = {
    outcome: 'allow',
    code: null,
    reasons: [{ kind: 'grant', id: 'g', text: '"seq":0,"policyDigest"' }],
    determining: ['base.grants'],
  } as const;
  const rendered = render({ inputs, decision, ignored, durability: 'buffered' });
  const reply = evaluationReply.parse(JSON.parse(replyOf(rendered, moment)));
  expect(reply).toEqual({
    decision: true,
    context: {
      outcome: 'allow',
      decisionId: moment.decisionId,
      reasons: decision.reasons,
      policies: ['base.grants'],
      obligations: [],
      trust: 120,
      seq: 77,
      policyDigest: 'sha256:x',
      evaluatedAt: '2027-01-15T08:00:00.123Z',
      ignored,
    },
  });
  const record = decisionRecord.parse(
    JSON.parse(
      `{"kind":"decision","governor":"g","boot":"b","n":1${recordTailOf(rendered, moment)}`,
    ),
  );
  expect(record).toMatchObject({
    decisionId: moment.decisionId,
    outcome: 'allow',
    code: null,
    ignored,
    durability: 'buffered',
  });
  expect(record.inputs).toEqual({ ...inputs, nowMs: moment.nowMs, seq: 77 });
  expect(Object.keys(record.inputs)).toEqual(Object.keys(inputs));
});

test('a deny says its code and sentence, and hides trust from whoever may not speak for the agent', () => {
  const deny = (code: 'IDENTITY_MISMATCH' | 'NO_GRANT'): unknown => {
    const decision = {
      outcome: 'deny',
      code,
      reasons: [{ kind: 'gate', id: 'k', text: 'a sentence' }],
      determining: [],
    } as const;
    return JSON.parse(
      replyOf(render({ inputs, decision, ignored: [], durability: 'required' }), moment),
    );
  };
  expect(deny('NO_GRANT')).toMatchObject({
    decision: false,
    context: { outcome: 'deny', code: 'NO_GRANT', message: 'a sentence', trust: 120 },
  });
  expect(deny('IDENTITY_MISMATCH')).toMatchObject({
    decision: false,
    context: { code: 'IDENTITY_MISMATCH', trust: null },
  });
});

test('a record is said to be ASCII only where every part of it is', () => {
  const decision = { outcome: 'allow', code: null, reasons: [], determining: [] } as const;
  const rendered = (agentType: string, ignored: string) =>
    render({
      inputs: { ...inputs, agent: inputs.agent && { ...inputs.agent, type: agentType } },
      decision,
      ignored: [ignored],
      durability: 'buffered',
    });
  expect(rendered('reader', 'x').asciiRecord).toBe(true);
  expect(rendered('lecteur-é', 'x').asciiRecord).toBe(false);
  expect(rendered('reader', 'Ł').asciiRecord).toBe(false);
});
