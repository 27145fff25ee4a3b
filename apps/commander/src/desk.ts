/** What the handlers of commands work with. */
import type { DeadLetters } from '@writ/bus';
import type { CommandAccepted, CommandAddress, GovernorAddress } from '@writ/contracts';
import type { CheckPolicies } from '@writ/domain';
import type { SchemaProblem } from '@writ/policy';
import type { Afterwards } from './afterwards.ts';
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

/** The engine's part in commands on policies. */
export type PolicyDesk = {
  readonly check: CheckPolicies;
  readonly checkSchema: (schema: string) => readonly SchemaProblem[];
  readonly digest: (engine: 'cedar', policies: Readonly<Record<string, string>>) => string;
  readonly schemaDigest: (engine: 'cedar', schema: string | null) => string;
};

export type Desk = {
  readonly aggregates: Aggregates;
  readonly facts: Facts;
  readonly directory: Directory;
  readonly policies: PolicyDesk;
  readonly pepper: string;
  readonly operations: Operations;
  readonly afterwards: Afterwards;
};

export type Handler<V extends OrderVerb> = (desk: Desk, order: Order<V>) => Promise<Outcome>;
