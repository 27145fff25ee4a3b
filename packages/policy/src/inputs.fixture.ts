/** Inputs of a decision that pass the gate, for tests. */
import type { DecisionInputs } from '@writ/contracts';

type Changes = {
  readonly action?: string;
  readonly agentId?: string;
  readonly resource?: { readonly type: string; readonly id: string };
  readonly context?: DecisionInputs['request']['context'];
  readonly trust?: number | null;
  readonly agent?: Partial<NonNullable<DecisionInputs['agent']>> | null;
  readonly grants?: DecisionInputs['grants'];
};

export function inputsWith(changes: Changes = {}): DecisionInputs {
  const {
    action = 'read',
    agentId = 'lab:reader',
    resource = { type: 'dataset', id: 'sales' },
    context = {},
    trust = 500,
  } = changes;
  const agent = {
    status: 'active',
    latched: false,
    type: 'reader',
    version: '1.2.0',
    owner: 'team-a',
    capabilities: ['csv'],
    labels: { env: 'prod' },
  } as const;
  return {
    tenant: 'default',
    key: { keyId: 'key0000001', status: 'active', speaksForAgent: true },
    request: { agentId, action, resource: { ...resource }, context: { ...context } },
    unusable: [],
    agent:
      changes.agent === null
        ? null
        : { ...agent, capabilities: [...agent.capabilities], ...changes.agent },
    grants: changes.grants ?? [{ grantId: 'g1', expiresAt: null, conditions: {} }],
    missed: [],
    trust:
      trust === null
        ? null
        : { score: trust, model: 'writ-trust-1', r: '0.000000000', s: '0.000000000', minute: 0 },
    policies: { version: '1', digest: 'sha256:none' },
    engine: { name: 'cedar', version: '4.13.0' },
    nowMs: 1_800_000_000_000,
    seq: 42,
  };
}
