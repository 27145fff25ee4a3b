/** Events for tests of folds, each with what the log would add. */
import type { EventData, EventName, WritEvent } from '@writ/contracts';
import type { ProjectedEvent } from './projection/projection.ts';

type More = Partial<
  Pick<ProjectedEvent, 'seq' | 'timeMs' | 'tenant' | 'id' | 'fingerprint' | 'idempotencyKey'>
>;

export const NINE = Date.UTC(2027, 0, 4, 9);

/** An event at a sequence, one second later than the one before it. */
export function recorded<N extends EventName>(
  event: WritEvent<N>,
  more: More = {},
): Extract<ProjectedEvent, WritEvent<N>> {
  const seq = more.seq ?? 1;
  const stored = {
    ...event,
    seq,
    subject: 'writ.default.evt.registry.agent._.worker',
    tenant: 'default',
    id: `event-${seq}`,
    timeMs: NINE + seq * 1000,
    version: seq,
    actor: { type: 'api_key' as const, id: 'k0operator' },
    correlationId: null,
    causationId: null,
    idempotencyKey: null,
    fingerprint: `print-${seq}`,
    ...more,
  };
  return stored as unknown as Extract<ProjectedEvent, WritEvent<N>>;
}

export const registration: EventData<'AgentRegistered'> = {
  agentId: 'worker',
  name: 'Worker',
  type: 'summary',
  version: '1.0.0',
  capabilities: ['png_export'],
  runtime: { kind: 'nats' },
  owner: 'team-a',
  labels: { tier: '1' },
  keyId: 'k0operator',
};

export const report: EventData<'ExecutionReported'> = {
  executionId: 'exec-1',
  agentId: 'worker',
  action: 'generate_chart',
  resource: 'dataset:sales',
  decisionId: null,
  outcome: 'succeeded',
  severity: null,
  startedAt: null,
  durationMs: 840,
  costMicros: 3100,
  tokens: { input: 812, output: 240 },
  error: null,
};

export const announcement: EventData<'ExecutionStarted'> = {
  executionId: 'exec-1',
  agentId: 'worker',
  action: 'generate_chart',
  resource: 'dataset:sales',
  decisionId: 'decision-1',
  startedAt: '2027-01-04T09:00:00Z',
};

export const grantTerms: EventData<'GrantIssued'> = {
  grantId: '0b9f8a52-7a3f-8f53-8a4e-6a2d9c1f7e10',
  agentId: 'worker',
  actions: ['read_*'],
  resources: ['dataset:*'],
  notBefore: null,
  expiresAt: '2027-02-01T00:00:00.000Z',
  conditions: {},
  delegable: 0,
  parent: null,
  reason: null,
  issuedBy: 'k0operator',
};
