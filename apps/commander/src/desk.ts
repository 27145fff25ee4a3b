/** What the handlers of commands work with. */
import type { CommandVerb } from '@writ/contracts';
import type { PolicyProblem } from '@writ/policy';
import type { Aggregates } from './aggregates.ts';
import type { Directory } from './directory.ts';
import type { Facts } from './facts.ts';
import type { Order, Outcome } from './order.ts';

export type Desk = {
  readonly aggregates: Aggregates;
  readonly facts: Facts;
  readonly directory: Directory;
  readonly checkPolicies: (policies: Readonly<Record<string, string>>) => readonly PolicyProblem[];
  readonly digestPolicies: (engine: 'cedar', policies: Readonly<Record<string, string>>) => string;
  readonly pepper: string;
};

export type Handler<V extends CommandVerb> = (desk: Desk, order: Order<V>) => Promise<Outcome>;
