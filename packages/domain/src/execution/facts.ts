/**
 * The facts of one agent: executions and feedback. Facts are new or known by their id, which the
 * shell establishes before it asks; so the state that is folded stays small however long the log.
 */
import type { EventData, WritEvent } from '@writ/contracts';
import { type Decider, type Folded, laterOf, Refusal } from '../decider.ts';

export type FactsEventName =
  | 'ExecutionStarted'
  | 'ExecutionReported'
  | 'ResultValidated'
  | 'FeedbackGiven';

export type FactsState = { readonly timeMs: number };

/** What other aggregates say when the fact is taken: advisory, the governor's gate has the last word. */
export type AgentStanding = 'unknown' | 'active' | 'suspended' | 'retired';

export type FactsCommand =
  | {
      readonly type: 'StartExecution';
      readonly standing: AgentStanding;
      readonly fact: EventData<'ExecutionStarted'>;
    }
  | {
      readonly type: 'ReportExecution';
      readonly standing: AgentStanding;
      readonly fact: EventData<'ExecutionReported'>;
    }
  | {
      readonly type: 'ValidateResult';
      readonly standing: AgentStanding;
      readonly fact: EventData<'ResultValidated'>;
    }
  | {
      readonly type: 'GiveFeedback';
      readonly standing: AgentStanding;
      readonly fact: EventData<'FeedbackGiven'>;
    };

function decide(_state: FactsState, command: FactsCommand): readonly WritEvent<FactsEventName>[] {
  const { agentId } = command.fact;
  if (command.standing === 'unknown')
    throw new Refusal(
      'AGENT_UNKNOWN',
      `agent \`${agentId}\` is not registered; register it first`,
      [{ path: 'agentId', message: 'must be a registered agent' }],
    );
  switch (command.type) {
    case 'StartExecution':
      refuseStopped(command.standing, agentId);
      return [{ type: 'ExecutionStarted', data: command.fact }];
    case 'ReportExecution':
      return [{ type: 'ExecutionReported', data: command.fact }];
    case 'ValidateResult':
      return [{ type: 'ResultValidated', data: command.fact }];
    case 'GiveFeedback':
      return [{ type: 'FeedbackGiven', data: command.fact }];
  }
}

/** What was done is always told, by a stopped agent too; only new work is refused. */
function refuseStopped(standing: AgentStanding, agentId: string): void {
  if (standing === 'suspended')
    throw new Refusal(
      'AGENT_SUSPENDED',
      `agent \`${agentId}\` is suspended; an operator must resume it first`,
    );
  if (standing === 'retired')
    throw new Refusal('AGENT_RETIRED', `agent \`${agentId}\` is retired; register it again first`);
}

function evolve(state: FactsState, event: Folded<FactsEventName>): FactsState {
  return { timeMs: laterOf(state.timeMs, event.timeMs) };
}

export const facts: Decider<FactsState, FactsCommand, FactsEventName> = {
  initial: () => ({ timeMs: 0 }),
  decide,
  evolve,
};
