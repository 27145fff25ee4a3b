/** What the handlers of commands work with. */
import type { DeadLetters } from '@writ/bus';
import type { CommandAccepted, CommandAddress, GovernorAddress } from '@writ/contracts';
import type { PolicyProblem } from '@writ/policy';
import type { Aggregates } from './aggregates.ts';
import type { Directory } from './directory.ts';
import type { Facts } from './facts.ts';
import type { Order, OrderVerb, Outcome } from './order.ts';

/** A command as it came in. */
export type Incoming = {
  readonly address: CommandAddress;
  readonly data: Uint8Array;
  readonly header: (name: string) => string | undefined;
  /** Used where the client sent no idempotency key, so that a redelivery meets itself. */
  readonly defaultIdempotencyKey?: string;
};

/** What a governor asks for, as it came in. */
export type IncomingGovernorOrder = Pick<Incoming, 'data' | 'header'> & {
  readonly address: GovernorAddress;
};

/** What operators' commands work with. */
export type Operations = {
  readonly letters: DeadLetters;
  /** Gives a command as if it had just come in. */
  readonly give: (incoming: Incoming) => Promise<CommandAccepted>;
  /** The log's last sequence. */
  readonly lastSeq: () => Promise<number>;
};

export type Desk = {
  readonly aggregates: Aggregates;
  readonly facts: Facts;
  readonly directory: Directory;
  readonly checkPolicies: (policies: Readonly<Record<string, string>>) => readonly PolicyProblem[];
  readonly digestPolicies: (engine: 'cedar', policies: Readonly<Record<string, string>>) => string;
  readonly pepper: string;
  readonly operations: Operations;
};

export type Handler<V extends OrderVerb> = (desk: Desk, order: Order<V>) => Promise<Outcome>;
