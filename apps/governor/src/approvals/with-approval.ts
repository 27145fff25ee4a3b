/** An answer that needs a person: what it is about, which approval stands for it, and what is claimed for it. */
import { type DecisionInputs, MAX_ARGUMENTS_BYTES, WritError } from '@writ/contracts';
import {
  type ApprovalRequirement,
  type Decision,
  decideAccess,
  type Evaluate,
  readApproval,
  type World,
} from '@writ/domain';
import { argumentsOf, hashArguments } from '@writ/policy';
import type { ClaimFor } from '../claims/settle-claims.ts';
import type { Question } from '../question/read-question.ts';

/** What became of a question so far. */
export type Before = {
  /** The approval that it has waited for. */
  readonly waitedFor?: string;
  /** The id that its decision will have, and under which an approval may be used already. */
  readonly decisionId?: string;
};

type Asked = Before & {
  readonly inputs: DecisionInputs;
  readonly question: Question;
  readonly required: ApprovalRequirement;
};

export type Approved = {
  readonly inputs: DecisionInputs;
  readonly decision: Decision;
  readonly claims: readonly ClaimFor[];
  /** The approval that may turn the answer, and until when. */
  readonly waitsFor: { readonly approvalId: string; readonly expiresAt: string } | undefined;
};

/** Decides again with the approval that stands for exactly these arguments. */
export function withApproval(world: World, asked: Asked, evaluate: Evaluate): Approved {
  const { inputs: gathered, question, required, ...before } = asked;
  const { tenant, nowMs } = gathered;
  const sent = argumentsOf(question, { context: question.context, ...question.properties });
  const argumentsHash = hashOf(sent);
  const held = world.tenants.get(tenant)?.approvals.get(question.agentId);
  const approval = readApproval(held, { ...required, argumentsHash, nowMs }, before);
  const inputs = { ...gathered, approval };
  const decision = decideAccess(inputs, evaluate);
  const { agentId } = sent;
  if (decision.outcome === 'allow' && approval) {
    const { approvalId } = approval;
    const use: ClaimFor = (decisionId) => ({
      verb: 'use-approval',
      body: { approvalId, agentId, decisionId },
    });
    return { inputs, decision, claims: [use], waitsFor: undefined };
  }
  if (decision.outcome !== 'require_approval')
    return { inputs, decision, claims: [], waitsFor: undefined };
  if (approval) return { inputs, decision, claims: [], waitsFor: approval };
  const { needed, ttlSeconds } = required;
  const requiredBy = required.requiredBy.map(({ kind, id }) => ({ kind, id }));
  const body = { ...sent, argumentsHash, requiredBy, approvalsNeeded: needed, ttlSeconds };
  return {
    inputs,
    decision,
    claims: [() => ({ verb: 'request-approval', body })],
    waitsFor: undefined,
  };
}

function hashOf(sent: ReturnType<typeof argumentsOf>): string {
  let hashed: ReturnType<typeof hashArguments>;
  try {
    hashed = hashArguments(sent);
  } catch (cause) {
    throw new WritError(
      'BODY_INVALID',
      '`context` can not be shown to those who approve; send numbers that JSON can hold',
      { cause, details: [{ path: 'context', message: 'must have finite numbers' }] },
    );
  }
  if (hashed.bytes <= MAX_ARGUMENTS_BYTES) return hashed.hash;
  throw new WritError(
    'BODY_TOO_LARGE',
    `what is to be approved has ${hashed.bytes} bytes; send at most ${MAX_ARGUMENTS_BYTES}`,
    { details: [{ path: 'context', message: 'must be smaller where a person has to approve' }] },
  );
}
