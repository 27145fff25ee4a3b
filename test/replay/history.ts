/** A history that has every event of this release, with the shapes that data can take. */

type Give = (
  verb: string,
  body: object,
  headers?: readonly (readonly [string, string])[],
  key?: string,
) => Promise<Readonly<Record<string, unknown>>>;

const CHART = 'langgraph-v2:chart_generator';
const LONE = 'lone_worker';

/** Gives the commands, in order. */
export async function history(give: Give): Promise<void> {
  await lives(give);
  await work(give);
  await validations(give);
  await rules(give);
  await give('registry.retire-agent', { agentId: LONE, reason: 'replaced' });
}

async function lives(give: Give): Promise<void> {
  await give(
    'registry.register-agent',
    {
      agentId: CHART,
      name: 'Chart “Generator” – größer 🧭',
      type: 'visualization',
      version: '2.0.0',
      capabilities: ['plotly_charts', 'png_export'],
      runtime: { kind: 'http', url: 'https://charts.example/agent' },
      owner: 'team-langgraph',
      labels: { framework: 'langgraph', tier: '1' },
    },
    [
      ['Writ-Idempotency-Key', 'register:chart'],
      ['Writ-Correlation-Id', 'corr-1'],
      ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ],
  );
  await give('registry.register-agent', { ...newcomer(CHART), version: '2.1.0-rc.1' });
  await give('registry.register-agent', newcomer(LONE));
  await give('registry.suspend-agent', { agentId: CHART, reason: 'looked at' });
  await give('registry.resume-agent', { agentId: CHART });
}

async function validations(give: Give): Promise<void> {
  const denyList = { terms: ['falcon “x”'], remedy: 'reject' };
  await give('authority.publish-validation', {
    rules: { 'no-birds': { actions: ['*'], denyList, severity: 'major' } },
    note: 'größer',
  });
  const about = { agentId: CHART, action: 'generate_chart', decisionId: null, rulesVersion: '1' };
  await give('record-validation', {
    ...about,
    validationId: 'v.1',
    executionId: 'exec-1',
    outcome: 'reject',
    findings: [{ rule: 'no-birds', check: 'deny_list', path: '/a~1b', kind: 'DENIED_TERM' }],
    severity: 'major',
  });
  await give('record-validation', {
    ...about,
    validationId: 'v.2',
    executionId: null,
    outcome: 'accept',
    findings: [],
    severity: null,
  });
}

async function work(give: Give): Promise<void> {
  const about = { agentId: CHART, action: 'generate_chart', resource: 'dataset:sales' };
  await give('execution.start', { executionId: 'exec-1', ...about });
  await give('execution.report', {
    executionId: 'exec-1',
    ...about,
    outcome: 'succeeded',
    startedAt: '2026-11-20T09:00:00.000Z',
    durationMs: 840,
    costMicros: 3100,
    tokens: { input: 812, output: 240 },
  });
  await give('execution.report', {
    executionId: 'exec-2',
    ...about,
    resource: 'dataset:people & places',
    outcome: 'failed',
    severity: 'major',
    error: { code: 'E_DATA', message: 'column "a\\b" is missing\n{see}' },
  });
  await give('execution.report', { ...about, agentId: LONE, outcome: 'cancelled' });
  const rated = { agentId: CHART, source: 'human', rater: 'usr_dana' };
  await give('trust.give-feedback', {
    feedbackId: 'fb-1',
    executionId: 'exec-1',
    rating: 0.9,
    severity: 'normal',
    comment: 'clear chart',
    ...rated,
  });
  await give('trust.give-feedback', {
    feedbackId: 'fb-2',
    rating: 0.1,
    severity: 'critical',
    ...rated,
  });
  await give('trust.clear-suspension', { agentId: CHART, reason: 'a false alarm' });
  await give('trust.give-feedback', {
    ...rated,
    rating: 0.2,
    severity: 'minor',
    source: 'system',
    rater: 'checker',
  });
}

async function rules(give: Give): Promise<void> {
  const granted = await give('authority.issue-grant', {
    agentId: CHART,
    actions: ['generate_chart', 'read_*'],
    resources: ['dataset:*'],
    notBefore: '2026-01-01T00:00:00Z',
    expiresAt: '2099-01-01T00:00:00Z',
    conditions: { maxCostMicros: 500_000 },
    reason: 'quarterly reports',
  });
  const all = { agentId: CHART, actions: ['*'], resources: ['*'] };
  const wide = await give('authority.issue-grant', { ...all, delegable: 2 });
  await uses(give);
  await approvals(give);
  // Retired with its agent later, in one atomic append.
  await give('authority.issue-grant', {
    agentId: LONE,
    actions: ['count'],
    resources: ['dataset:x'],
  });
  await give('authority.delegate-grant', {
    grantId: wide['grantId'],
    toAgentId: LONE,
    actions: ['count', 'read_*'],
    resources: ['dataset:*'],
    conditions: { maxCostMicros: 9 },
    delegable: 1,
    reason: 'helps out',
  });
  await give('authority.revoke-grant', {
    agentId: CHART,
    grantId: granted['grantId'],
    reason: 'over',
  });
  const freeze = {
    freeze: 'forbid (principal, action, resource) unless { principal.trust >= 100 };',
  };
  const first = await give('authority.publish-policies', {
    engine: 'cedar',
    policies: freeze,
    note: 'freeze',
  });
  await give('authority.publish-policies', { engine: 'cedar', policies: {} });
  await give('authority.activate-policies', { version: first['version'] });
  await give('authority.activate-policies', { version: '2' });
  for (const scope of [{ kind: 'agent', id: CHART }, { kind: 'tenant' }]) {
    await give('authority.engage-kill-switch', { scope, reason: 'a drill' });
    await give('authority.release-kill-switch', { scope, reason: 'it is over' });
  }
  await give('authority.engage-kill-switch', {
    scope: { kind: 'type', id: 'summary' },
    reason: 'odd summaries',
  });
  await give('authority.rollback-policies', { reason: 'too free' });
  const schema =
    'action "count" appliesTo { principal: [Agent], resource: [Resource], context: { rows?: Long } };';
  await give('authority.publish-schema', { schema, note: 'counting' });
  await give('authority.publish-schema', { schema: null });
  await give('trust.publish-model', {
    parameters: { severity: { bad: { critical: 12.5 } }, halfLifeMinutes: { good: 20_160 } },
    note: 'forgive sooner',
  });
  await give('trust.publish-model', { parameters: { caps: null, peers: null } });
  const key = { name: 'worker', role: 'agent', agents: ['langgraph-v2:*', LONE] };
  const created = await give('tenancy.create-key', { ...key, expiresAt: '2099-01-01T00:00:00Z' });
  await give('tenancy.create-key', { name: 'ops', role: 'admin' });
  await give('tenancy.revoke-key', { keyId: created['keyId'], reason: 'laptop lost' });
}

/** Reserved on the private path, as a governor does; one is given back, one is made, of one nobody hears again. */
async function uses(give: Give): Promise<void> {
  const about = { agentId: CHART, action: 'print_chart', resource: 'printer:hall' };
  const { grantId } = await give('authority.issue-grant', {
    agentId: CHART,
    actions: [about.action],
    resources: [about.resource],
    conditions: { maxUses: 3 },
  });
  const grants = [{ grantId, agentId: CHART }];
  const decisions = [1, 2, 3].map((n) => `0199f0c4-0000-7000-8000-00000000000${n}`);
  for (const decisionId of decisions)
    await give('reserve-use', { decisionId, agentId: CHART, grants, costMicros: 20, tokens: null });
  const [unused, made] = decisions;
  await give('execution.report', { ...about, decisionId: unused, outcome: 'cancelled' });
  await give('execution.report', {
    ...about,
    decisionId: made,
    outcome: 'succeeded',
    costMicros: 17,
  });
}

/** Asked for on the private path, as a governor does: one is used, one refused, one ends by its time. */
async function approvals(give: Give): Promise<void> {
  const asked = {
    agentId: CHART,
    action: 'print_chart',
    resource: 'printer:größte Halle',
    context: { copies: 900, to: ['Dana', null, 0.5] },
    requiredBy: [{ kind: 'policy', id: 'many-copies' }],
    approvalsNeeded: 1,
    ttlSeconds: 3600,
  };
  const clerk = await give('tenancy.create-key', { name: 'clerk', role: 'admin' });
  const ask = async (letter: string, more: object = {}) => {
    const body = { ...asked, ...more, argumentsHash: `sha256:${letter.repeat(64)}` };
    const { approvalId } = await give('request-approval', body, [], String(clerk['keyId']));
    return { approvalId, agentId: CHART };
  };
  const verdict = { verdict: 'approve', reason: 'für das Fest' };
  const used = await ask('a');
  await give('authority.decide-approval', { ...used, ...verdict });
  await give(
    'use-approval',
    { ...used, decisionId: '0199f0c4-0000-7000-8000-000000000009' },
    [],
    String(clerk['keyId']),
  );
  const refused = await ask('b', { approvalsNeeded: 2 });
  await give('authority.decide-approval', { ...refused, ...verdict });
  await give('authority.decide-approval', { approvalId: refused.approvalId, verdict: 'reject' });
  await ask('c', { ttlSeconds: 1 });
}

function newcomer(agentId: string) {
  return { agentId, name: agentId, type: 'visualization', version: '1.0.0' };
}
