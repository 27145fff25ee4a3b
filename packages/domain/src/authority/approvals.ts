/**
 * The approvals of one agent: what persons were asked to let it do, once, and what they said.
 *
 * 1. An approval stands for exactly one set of arguments, and for what required it then.
 * 2. It ends at `expiresAt` whether or not an event says so: nothing is approved or used from then on.
 * 3. It is used once.
 * 4. The key that asked never counts among those that approve, and none of those uses it; each key counts once; one that
 *    rejects is enough.
 * 5. What is held of an agent is bounded: so many stand at once, and so many that ended are remembered.
 */
import type { EventData, ReadApproval, WritEvent } from '@writ/contracts';
import { type Decider, type Folded, laterOf, Refusal } from '../decider.ts';
import { answers, type ApprovalRequirement } from './approval-requirement.ts';
import { instantOf } from './instant.ts';

export type ApprovalsEventName =
  | 'ApprovalRequested'
  | 'ApprovalDecided'
  | 'ApprovalUsed'
  | 'ApprovalExpired';

/** An approval without the arguments themselves, which only persons read. */
export type Approval = Omit<EventData<'ApprovalRequested'>, 'context'> & {
  readonly status: 'pending' | 'approved' | 'rejected' | 'used' | 'expired';
  /** `expiresAt` in milliseconds. */
  readonly untilMs: number;
  readonly approvedBy: readonly string[];
  readonly rejectedBy: string | null;
  /** The decision that used it. */
  readonly usedFor: string | null;
};

export type ApprovalsState = {
  /** By id, in the order they were asked for. */
  readonly approvals: ReadonlyMap<string, Approval>;
  readonly timeMs: number;
};

type Timed = { readonly timeMs: number };

export type ApprovalsCommand =
  | (Timed & {
      readonly type: 'RequestApproval';
      readonly request: Omit<EventData<'ApprovalRequested'>, 'expiresAt'>;
      /** As the event holds it, and in milliseconds. */
      readonly expiresAt: string;
    })
  | (Timed & {
      readonly type: 'DecideApproval';
      readonly approvalId: string;
      readonly agentId: string;
      readonly verdict: 'approve' | 'reject';
      readonly reason: string | null;
      readonly decidedBy: string;
    })
  | (Timed & {
      readonly type: 'UseApproval';
      readonly approvalId: string;
      readonly agentId: string;
      readonly decisionId: string;
      readonly usedBy: string;
    })
  | (Timed & {
      readonly type: 'ExpireApproval';
      readonly approvalId: string;
      readonly agentId: string;
    });

/** So many of one agent may stand at the same time. */
export const MAX_STANDING_APPROVALS = 100;
/** So many are held of one agent, those that ended included. */
const HELD = 2 * MAX_STANDING_APPROVALS;

/** What an approval has to be good for. */
type Wanted = Pick<Approval, 'argumentsHash' | 'approvalsNeeded'> &
  Pick<ApprovalRequirement, 'requiredBy' | 'grants'>;

/** Of the approvals that stand and are good for it one that was refused, else one that was given, else the last asked for. */
export function standingApproval(
  { approvals }: ApprovalsState,
  wanted: Wanted,
  nowMs: number,
): Approval | undefined {
  const standing = [...approvals.values()].filter(
    (one) =>
      one.argumentsHash === wanted.argumentsHash && stands(one, nowMs) && suffices(one, wanted),
  );
  const last = (said: Approval['status']) => standing.findLast(({ status }) => status === said);
  return last('rejected') ?? last('approved') ?? standing.at(-1);
}

/**
 * The approval that an answer may rest on or wait for, as it is recorded with it; null where one must be asked for.
 * One that its own decision has used is still its own; one that it has waited for says when its time is over.
 */
export function readApproval(
  state: ApprovalsState | undefined,
  asked: ApprovalRequirement & { readonly argumentsHash: string; readonly nowMs: number },
  before: { readonly waitedFor?: string; readonly decisionId?: string } = {},
): ReadApproval | null {
  if (!state) return null;
  const { nowMs, needed: approvalsNeeded } = asked;
  const wanted = { ...asked, approvalsNeeded };
  const { waitedFor, decisionId } = before;
  const isMine = ({ usedFor, untilMs }: Approval): boolean =>
    usedFor !== null && usedFor === decisionId && untilMs > nowMs;
  const mine = [...state.approvals.values()].find((one) => isMine(one) && suffices(one, wanted));
  const standing = mine ?? standingApproval(state, wanted, nowMs);
  if (standing) return recorded(standing);
  const awaited = waitedFor === undefined ? undefined : state.approvals.get(waitedFor);
  const isOver = awaited && awaited.status !== 'used' && awaited.untilMs <= nowMs;
  return isOver ? recorded(awaited) : null;
}

function recorded(approval: Approval): ReadApproval {
  const { approvalId, status, argumentsHash, requiredBy, approvedBy, expiresAt } = approval;
  return {
    approvalId,
    // Only the decision that used it reads one that was used.
    status: status === 'used' ? 'approved' : status,
    argumentsHash,
    requiredBy: requiredBy.map(({ kind, id }) => ({ kind, id })),
    approvedBy: [...approvedBy],
    expiresAt,
  };
}

function stands({ status, untilMs }: Approval, nowMs: number): boolean {
  return status !== 'used' && status !== 'expired' && untilMs > nowMs;
}

function decide(
  state: ApprovalsState,
  command: ApprovalsCommand,
): readonly WritEvent<ApprovalsEventName>[] {
  switch (command.type) {
    case 'RequestApproval':
      return request(state, command);
    case 'DecideApproval':
      return judge(known(state, command), command);
    case 'UseApproval':
      return use(known(state, command), command);
    case 'ExpireApproval': {
      const approval = state.approvals.get(command.approvalId);
      const { approvalId, agentId, timeMs } = command;
      if (approval?.status !== 'pending' && approval?.status !== 'approved') return [];
      if (approval.untilMs > timeMs) return [];
      return [{ type: 'ApprovalExpired', data: { approvalId, agentId } }];
    }
  }
}

function request(
  state: ApprovalsState,
  { request: asked, expiresAt, timeMs }: Extract<ApprovalsCommand, { type: 'RequestApproval' }>,
): readonly WritEvent<'ApprovalRequested'>[] {
  if (standingApproval(state, asked, timeMs)) return [];
  const count = [...state.approvals.values()].filter((one) => stands(one, timeMs)).length;
  if (count >= MAX_STANDING_APPROVALS)
    throw new Refusal(
      'APPROVALS_FULL',
      `agent \`${asked.agentId}\` has ${count} approvals open; decide some of them, or wait until they end`,
    );
  return [{ type: 'ApprovalRequested', data: { ...asked, expiresAt } }];
}

/** A rejection stands whatever is required; else everything that requires it must have been asked for. */
function suffices(standing: Approval, wanted: Omit<Wanted, 'argumentsHash'>): boolean {
  if (standing.status === 'rejected') return true;
  return standing.approvalsNeeded >= wanted.approvalsNeeded && answers(standing, wanted);
}

function judge(
  approval: Approval,
  command: Extract<ApprovalsCommand, { type: 'DecideApproval' }>,
): readonly WritEvent<'ApprovalDecided'>[] {
  const { approvalId, agentId, reason, decidedBy, timeMs } = command;
  const { status, approvedBy, rejectedBy, requestedBy } = approval;
  const approves = command.verdict === 'approve';
  const saidBefore = approves ? approvedBy.includes(decidedBy) : rejectedBy === decidedBy;
  const isOver = status === 'expired' || approval.untilMs <= timeMs;
  if (saidBefore && !isOver) return [];
  const mayReject = !approves && status === 'approved';
  if (isOver || (status !== 'pending' && !mayReject)) throw closed(approval, timeMs);
  if (approves && decidedBy === requestedBy)
    throw new Refusal(
      'APPROVER_NOT_ALLOWED',
      `approval \`${approvalId}\` was asked for with this key; approve it with the key of another person`,
    );
  const verdict = approves ? 'approved' : 'rejected';
  return [{ type: 'ApprovalDecided', data: { approvalId, agentId, verdict, reason, decidedBy } }];
}

function use(
  approval: Approval,
  command: Extract<ApprovalsCommand, { type: 'UseApproval' }>,
): readonly WritEvent<'ApprovalUsed'>[] {
  const { approvalId, agentId, decisionId, usedBy, timeMs } = command;
  if (approval.usedFor === decisionId) return [];
  if (approval.status !== 'approved' || approval.untilMs <= timeMs) throw closed(approval, timeMs);
  if (approval.approvedBy.includes(usedBy))
    throw new Refusal(
      'APPROVER_NOT_ALLOWED',
      `approval \`${approvalId}\` was given with this key; ask with the key of another person`,
    );
  return [{ type: 'ApprovalUsed', data: { approvalId, agentId, decisionId } }];
}

function known(
  state: ApprovalsState,
  { approvalId, agentId }: { readonly approvalId: string; readonly agentId: string },
): Approval {
  const approval = state.approvals.get(approvalId);
  if (approval) return approval;
  throw new Refusal(
    'APPROVAL_UNKNOWN',
    `agent \`${agentId}\` has no approval \`${approvalId}\`; list the approvals`,
    [{ path: 'approvalId', message: 'must be an approval that is open' }],
  );
}

function closed({ approvalId, status, untilMs }: Approval, timeMs: number): Refusal {
  const over = status !== 'used' && status !== 'rejected' && untilMs <= timeMs;
  return new Refusal(
    'APPROVAL_CLOSED',
    `approval \`${approvalId}\` is ${over ? 'expired' : status}; ask for what it was about again`,
    [{ path: 'approvalId', message: 'must be an approval that is open' }],
  );
}

function evolve(state: ApprovalsState, event: Folded<ApprovalsEventName>): ApprovalsState {
  const timeMs = laterOf(state.timeMs, event.timeMs);
  const { approvalId } = event.data;
  const approval = evolveApproval(state.approvals.get(approvalId), event);
  if (!approval) return { ...state, timeMs };
  const approvals = new Map(state.approvals).set(approvalId, approval);
  return { approvals: bounded(approvals, timeMs), timeMs };
}

/** One approval after an event; `undefined` where it was never asked for. */
export function evolveApproval(
  approval: Approval | undefined,
  event: Folded<ApprovalsEventName>,
): Approval | undefined {
  if (event.type === 'ApprovalRequested') {
    const { context: _, ...asked } = event.data;
    return pendingApproval(asked);
  }
  return approval && changed(approval, event);
}

function pendingApproval(asked: Omit<EventData<'ApprovalRequested'>, 'context'>): Approval {
  return {
    ...asked,
    status: 'pending',
    untilMs: instantOf(asked.expiresAt),
    approvedBy: [],
    rejectedBy: null,
    usedFor: null,
  };
}

function changed(
  approval: Approval,
  event: Folded<Exclude<ApprovalsEventName, 'ApprovalRequested'>>,
): Approval {
  switch (event.type) {
    case 'ApprovalDecided': {
      const { verdict, decidedBy } = event.data;
      if (verdict === 'rejected') return { ...approval, status: 'rejected', rejectedBy: decidedBy };
      const approvedBy = [...new Set([...approval.approvedBy, decidedBy])];
      const enough = approvedBy.length >= approval.approvalsNeeded;
      return { ...approval, status: enough ? 'approved' : approval.status, approvedBy };
    }
    case 'ApprovalUsed':
      return { ...approval, status: 'used', usedFor: event.data.decisionId };
    case 'ApprovalExpired':
      return { ...approval, status: 'expired' };
  }
}

/** Forgets those that ended, the oldest first, when there are more than are held. */
function bounded(approvals: Map<string, Approval>, nowMs: number): Map<string, Approval> {
  for (const [id, approval] of approvals) {
    if (approvals.size <= HELD) break;
    if (!stands(approval, nowMs)) approvals.delete(id);
  }
  return approvals;
}

export const approvals: Decider<ApprovalsState, ApprovalsCommand, ApprovalsEventName> = {
  initial: () => ({ approvals: new Map(), timeMs: 0 }),
  decide,
  evolve,
};
