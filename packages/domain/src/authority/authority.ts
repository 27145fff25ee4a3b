/** The authority of one agent, all that lies on its one subject: its grants, what was used of them, and approvals. */
import type { WritEvent } from '@writ/contracts';
import { type Decider, type Folded, Refusal } from '../decider.ts';
import {
  approvals,
  type ApprovalsCommand,
  type ApprovalsEventName,
  type ApprovalsState,
} from './approvals.ts';
import { grants, type GrantsCommand, type GrantsEventName, type GrantsState } from './grants.ts';
import {
  closeUses,
  evolveUses,
  initialUses,
  reserveUse,
  type UseReport,
  type UseRequest,
  type UsesEventName,
  type UsesState,
} from './uses.ts';

export type AuthorityEventName = GrantsEventName | UsesEventName | ApprovalsEventName;
export type AuthorityState = {
  readonly grants: GrantsState;
  readonly uses: UsesState;
  readonly approvals: ApprovalsState;
};

export type AuthorityCommand =
  | GrantsCommand
  | ApprovalsCommand
  | ({
      readonly type: 'ReserveUse';
      /** All of them are reserved, or none. */
      readonly grantIds: readonly string[];
      readonly timeMs: number;
    } & UseRequest)
  | ({ readonly type: 'CloseUses'; readonly agentId: string } & UseReport);

function decide(
  state: AuthorityState,
  command: AuthorityCommand,
): readonly WritEvent<AuthorityEventName>[] {
  switch (command.type) {
    case 'IssueGrant':
    case 'DelegateGrant':
    case 'RevokeGrant':
    case 'RevokeAllGrants':
      return grants.decide(state.grants, command);
    case 'RequestApproval':
    case 'DecideApproval':
    case 'UseApproval':
    case 'ExpireApproval':
      return approvals.decide(state.approvals, command);
    case 'ReserveUse':
      return command.grantIds.flatMap((grantId) => {
        const reserved = reserveUse(state.uses, state.grants.grants.get(grantId), command);
        if (reserved) return reserved;
        throw new Refusal('LIMIT_REACHED', `grant \`${grantId}\` allows no further use now`);
      });
    case 'CloseUses':
      return closeUses(state.uses, command.agentId, command);
  }
}

function evolve(state: AuthorityState, event: Folded<AuthorityEventName>): AuthorityState {
  switch (event.type) {
    case 'GrantIssued':
    case 'GrantRevoked':
      return { ...state, grants: grants.evolve(state.grants, event) };
    case 'GrantUseReserved':
    case 'GrantUseReleased':
    case 'GrantUseSettled':
      return { ...state, uses: evolveUses(state.uses, event, conditionsIn(state, event)) };
    case 'ApprovalRequested':
    case 'ApprovalDecided':
    case 'ApprovalUsed':
    case 'ApprovalExpired':
      return { ...state, approvals: approvals.evolve(state.approvals, event) };
  }
}

function conditionsIn({ grants: { grants } }: AuthorityState, { data }: Folded<UsesEventName>) {
  return grants.get(data.grantId)?.conditions;
}

export const authority: Decider<AuthorityState, AuthorityCommand, AuthorityEventName> = {
  initial: () => ({
    grants: grants.initial(),
    uses: initialUses(),
    approvals: approvals.initial(),
  }),
  decide,
  evolve,
};
