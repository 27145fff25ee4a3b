/** One sentence per event, as an operator reads it in a timeline. */
import type { EventData, EventName, KillSwitchScope } from '@writ/contracts';

type Describe<N extends EventName> = (data: EventData<N>) => string;

const sentences: { readonly [N in EventName]: Describe<N> } = {
  AgentRegistered: (data) =>
    `registered as ${data.name} ${data.version} (${data.type})${told('can', data.capabilities.join(', '))}`,
  AgentVersionRegistered: (data) =>
    `registered version ${data.version}${told('can', data.capabilities.join(', '))}`,
  AgentSuspended: (data) => `suspended${told('because', data.reason)}`,
  AgentResumed: (data) => `resumed${told('because', data.reason)}`,
  AgentRetired: (data) => `retired${told('because', data.reason)}`,
  GrantIssued: (data) =>
    `granted ${data.actions.join(', ')} on ${data.resources.join(', ')}${told('from', data.parent?.agentId ?? null)}${told('until', data.expiresAt)}${told('for', data.reason)}`,
  GrantRevoked: (data) => `grant ${data.grantId} revoked${told('because', data.reason)}`,
  GrantUseReserved: (data) => `a use of grant ${data.grantId} reserved by ${data.decisionId}`,
  GrantUseReleased: (data) =>
    `the use of grant ${data.grantId} by ${data.decisionId} given back, because ${data.reason}`,
  GrantUseSettled: (data) => `the use of grant ${data.grantId} by ${data.decisionId} reported`,
  ApprovalRequested: (data) =>
    `asks to be let ${data.action} on ${data.resource}, until ${data.expiresAt} (${data.approvalId})`,
  ApprovalDecided: (data) =>
    `${data.verdict} by ${data.decidedBy}${told('because', data.reason)} (${data.approvalId})`,
  ApprovalUsed: (data) => `approval ${data.approvalId} used for decision ${data.decisionId}`,
  ApprovalExpired: (data) => `approval ${data.approvalId} expired`,
  PoliciesPublished: (data) =>
    `policies version ${data.version} published: ${Object.keys(data.policies).join(', ')}${told('note', data.note)}`,
  PoliciesActivated: (data) =>
    `policies version ${data.version} decide now${told('instead of', data.superseded)}`,
  ValidationPublished: (data) =>
    `validation rules version ${data.version} hold now: ${Object.keys(data.rules).join(', ')}${told('note', data.note)}`,
  KillSwitchEngaged: (data) =>
    `the kill switch stops ${stopped(data.scope)}, because ${data.reason}`,
  KillSwitchReleased: (data) =>
    `the kill switch no longer stops ${stopped(data.scope)}, because ${data.reason}`,
  PoliciesRolledBack: ({ version, superseded }) =>
    `policies went back from version ${superseded} to ${version}`,
  SchemaPublished: ({ version, schema }) =>
    schema === null
      ? 'the schema of policies withdrawn'
      : `schema ${version} of policies published`,
  ExecutionStarted: (data) => `started ${data.action} on ${data.resource} (${data.executionId})`,
  ExecutionReported: (data) =>
    `${data.action} on ${data.resource} ${data.outcome}${took(data.durationMs)}${told('severity', data.severity)}` +
    `${data.error === null ? '' : `: ${data.error.code} ${data.error.message}`} (${data.executionId})`,
  ResultValidated: (data) =>
    `result of ${data.action} ${validated[data.outcome]}${told('found', data.findings.map(({ kind }) => kind).join(', '))}`,
  FeedbackGiven: (data) =>
    `rated ${data.rating} (${data.severity}) by ${data.source} ${data.rater}${data.comment === null ? '' : `: ${data.comment}`}`,
  SuspensionCleared: (data) => `suspension by trust cleared because ${data.reason}`,
  TrustModelPublished: (data) => `trust model ${data.version} published${told('note', data.note)}`,
  KeyCreated: (data) =>
    `key ${data.keyId} created for ${data.name} (${data.role})${told('speaks for', data.agents.join(', '))}`,
  KeyRevoked: (data) => `key ${data.keyId} revoked${told('because', data.reason)}`,
};

const validated = { accept: 'accepted', reject: 'rejected', redact: 'redacted' } as const;

const bad: ReadonlySet<string> = new Set([
  'AgentSuspended',
  'AgentRetired',
  'GrantRevoked',
  'KillSwitchEngaged',
  'KeyRevoked',
]);

export type Tone = 'good' | 'bad' | 'plain';

/** `dev.writ.trust.FeedbackGiven.v1` → `FeedbackGiven`. */
export function shortType(type: string): string {
  return /^dev\.writ\.[a-z]+\.([A-Za-z]+)\.v\d+$/.exec(type)?.[1] ?? type;
}

/** The sentence for an event; types this release does not know show their data. */
export function describeEvent(name: string, data: unknown): string {
  if (!Object.hasOwn(sentences, name)) return JSON.stringify(data);
  try {
    return (sentences as Readonly<Record<string, (data: unknown) => string>>)[name]?.(data) ?? '';
  } catch {
    return JSON.stringify(data);
  }
}

/** Whether the event is good or bad news about what it is about. */
export function toneOf(name: string, data: unknown): Tone {
  const fields = data as { readonly outcome?: string; readonly rating?: number };
  if (name === 'ExecutionReported') return fields.outcome === 'succeeded' ? 'good' : 'bad';
  if (name === 'FeedbackGiven') return (fields.rating ?? 0) >= 0.5 ? 'good' : 'bad';
  return bad.has(name) ? 'bad' : 'plain';
}

function stopped(scope: KillSwitchScope): string {
  switch (scope.kind) {
    case 'agent':
      return `agent ${scope.id}`;
    case 'type':
      return `every agent of type ${scope.id}`;
    case 'tenant':
      return 'every agent of the tenant';
    case 'all':
      return 'every agent of every tenant';
  }
}

function told(word: string, value: string | null): string {
  return value === null || value === '' ? '' : `, ${word} ${value}`;
}

function took(durationMs: number | null): string {
  return durationMs === null ? '' : ` in ${durationMs} ms`;
}
