/** The TypeScript SDK of Writ: governed agents over NATS. */
export {
  type CommandAccepted,
  type CommandInput,
  type CommandVerb,
  type DecisionReason,
  type DenyCode,
  type ErrorCode,
  type ErrorDetail,
  type EvaluationReply,
  type EventData,
  type EventName,
  type Outcome,
  type ValidationReply,
  WritError,
} from '@writ/contracts';
export type { Execution, GovernedWork } from './governance.ts';
export type { HistoryQuery } from './history.ts';
export type { EventFilter, EventSubscription } from './live-events.ts';
export type { LoggedEvent } from './logged-event.ts';
export type { Reply } from './named-commands.ts';
export type {
  AskOptions,
  CallOptions,
  CommandOptions,
  ConnectionStatus,
  ConnectOptions,
} from './options.ts';
export { PermissionDenied } from './permission-denied.ts';
export type { BatchSemantic, Permission, ResultToValidate } from './questions.ts';
export { type PermissionOptions, Writ } from './writ.ts';
import type { ConnectOptions } from './options.ts';
import { Writ } from './writ.ts';

/** Connects with an API key; throws `UNAUTHENTICATED` for a key that is refused and `BUS_UNAVAILABLE` when nothing answers. */
export function connect(options: ConnectOptions): Promise<Writ> {
  return Writ.connect(options);
}
