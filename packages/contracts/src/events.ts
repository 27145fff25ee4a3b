/** Every event of the log by name: its context, version and data. A version once written is never edited. */
import type { z } from 'zod';
import {
  approvalDecidedV1,
  approvalExpiredV1,
  approvalRequestedV1,
  approvalUsedV1,
} from './authority/approval.ts';
import { grantIssuedV1, grantIssuedV2, grantRevokedV1 } from './authority/grant.ts';
import { killSwitchEngagedV1, killSwitchReleasedV1 } from './authority/kill-switch.ts';
import {
  policiesActivatedV1,
  policiesPublishedV1,
  policiesRolledBackV1,
  schemaPublishedV1,
} from './authority/policy.ts';
import { grantUseReleasedV1, grantUseReservedV1, grantUseSettledV1 } from './authority/use.ts';
import { resultValidatedV1, validationPublishedV1 } from './authority/validation.ts';
import { executionReportedV1, executionStartedV1 } from './execution/execution.ts';
import {
  agentRegisteredV1,
  agentResumedV1,
  agentRetiredV1,
  agentSuspendedV1,
  agentVersionRegisteredV1,
} from './registry/agent.ts';
import { keyCreatedV1, keyRevokedV1 } from './tenancy/key.ts';
import { feedbackGivenV1, suspensionClearedV1 } from './trust/feedback.ts';
import { trustModelPublishedV1 } from './trust/model.ts';
import { typeText } from './upcast/event-types.ts';

type EventEntry = {
  readonly context: string;
  /** The newest, which is written from now on. */
  readonly version: number;
  readonly data: z.ZodType;
  /** Schemas of older versions, by version. */
  readonly earlier?: Readonly<Record<number, z.ZodType>>;
};

export const events = {
  AgentRegistered: { context: 'registry', version: 1, data: agentRegisteredV1 },
  AgentVersionRegistered: { context: 'registry', version: 1, data: agentVersionRegisteredV1 },
  AgentSuspended: { context: 'registry', version: 1, data: agentSuspendedV1 },
  AgentResumed: { context: 'registry', version: 1, data: agentResumedV1 },
  AgentRetired: { context: 'registry', version: 1, data: agentRetiredV1 },
  GrantIssued: {
    context: 'authority',
    version: 2,
    data: grantIssuedV2,
    earlier: { 1: grantIssuedV1 },
  },
  GrantRevoked: { context: 'authority', version: 1, data: grantRevokedV1 },
  GrantUseReserved: { context: 'authority', version: 1, data: grantUseReservedV1 },
  GrantUseReleased: { context: 'authority', version: 1, data: grantUseReleasedV1 },
  GrantUseSettled: { context: 'authority', version: 1, data: grantUseSettledV1 },
  ApprovalRequested: { context: 'authority', version: 1, data: approvalRequestedV1 },
  ApprovalDecided: { context: 'authority', version: 1, data: approvalDecidedV1 },
  ApprovalUsed: { context: 'authority', version: 1, data: approvalUsedV1 },
  ApprovalExpired: { context: 'authority', version: 1, data: approvalExpiredV1 },
  PoliciesPublished: { context: 'authority', version: 1, data: policiesPublishedV1 },
  PoliciesActivated: { context: 'authority', version: 1, data: policiesActivatedV1 },
  KillSwitchEngaged: { context: 'authority', version: 1, data: killSwitchEngagedV1 },
  KillSwitchReleased: { context: 'authority', version: 1, data: killSwitchReleasedV1 },
  PoliciesRolledBack: { context: 'authority', version: 1, data: policiesRolledBackV1 },
  SchemaPublished: { context: 'authority', version: 1, data: schemaPublishedV1 },
  ValidationPublished: { context: 'authority', version: 1, data: validationPublishedV1 },
  ExecutionStarted: { context: 'execution', version: 1, data: executionStartedV1 },
  ExecutionReported: { context: 'execution', version: 1, data: executionReportedV1 },
  ResultValidated: { context: 'execution', version: 1, data: resultValidatedV1 },
  FeedbackGiven: { context: 'trust', version: 1, data: feedbackGivenV1 },
  SuspensionCleared: { context: 'trust', version: 1, data: suspensionClearedV1 },
  TrustModelPublished: { context: 'trust', version: 1, data: trustModelPublishedV1 },
  KeyCreated: { context: 'tenancy', version: 1, data: keyCreatedV1 },
  KeyRevoked: { context: 'tenancy', version: 1, data: keyRevokedV1 },
} as const satisfies Record<string, EventEntry>;

/** The schema of every version of an event that was ever published, by version. */
export function schemasOf(name: EventName): ReadonlyMap<number, z.ZodType> {
  const { version, data, earlier = {} }: EventEntry = events[name];
  const older = Object.entries(earlier).map(([from, schema]) => [Number(from), schema] as const);
  return new Map([...older, [version, data] as const]);
}

export type EventName = keyof typeof events;
export type EventData<N extends EventName> = z.output<(typeof events)[N]['data']>;

/** An event as a decider makes it: its name and its data. */
export type WritEvent<N extends EventName = EventName> = {
  [K in N]: { readonly type: K; readonly data: EventData<K> };
}[N];

/** What the log adds to an event. `timeMs` is the `ce-time` of the one clock rule. */
export type EventMeta = {
  readonly seq: number;
  readonly subject: string;
  readonly tenant: string;
  readonly id: string;
  readonly timeMs: number;
  /** The aggregate's own version, from 1. */
  readonly version: number;
  readonly actor: { readonly type: 'api_key' | 'system'; readonly id: string };
  readonly correlationId: string | null;
  readonly causationId: string | null;
};

/** An event as the log holds it. */
export type RecordedEvent<N extends EventName = EventName> = WritEvent<N> & EventMeta;

/** `dev.writ.registry.AgentRegistered.v1` */
export function typeOf(name: EventName): string {
  const { context, version } = events[name];
  return typeText(context, name, version);
}
