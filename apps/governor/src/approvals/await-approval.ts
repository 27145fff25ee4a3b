/**
 * Questions that wait for a person.
 *
 * 1. A question waits no longer than it asks for, and no longer than the approval stands.
 * 2. It is decided again from the start whenever something was said of the approval: nothing it was told is believed.
 * 3. Who may not wait, for want of a place or because the governor stops, is answered at once: a person has to decide.
 */
import { type ClaimRoom, type Settled, settleClaims } from '../claims/settle-claims.ts';
import type { Asked, Asker, Decided } from '../decide/decide-question.ts';
import { OVERLOADED } from '../decide/unanswerable.ts';
import type { WaitingRoom } from '../decide/waiting-room.ts';
import type { GovernedState } from '../state/governed-state.ts';

export type PatientRoom = ClaimRoom & {
  readonly state: Pick<GovernedState, 'approvals' | 'now'>;
  /** The places of questions whose claims are made, and of those that wait for a person. */
  readonly claiming: WaitingRoom;
  readonly patient: WaitingRoom;
};

/** Settles a question, and where a person has to decide waits for that. */
export async function settleInTime(
  room: PatientRoom,
  asker: Asker,
  asked: Asked & { readonly first: Decided; readonly decide: (asked: Asked) => Decided },
): Promise<Settled> {
  const { question, first, decide } = asked;
  const untilMs = performance.now() + question.options.waitForApprovalMs;
  let waitedFor: string | undefined;
  const again = (decisionId?: string): Decided =>
    decide({
      question,
      ...(waitedFor === undefined ? {} : { waitedFor }),
      ...(decisionId === undefined ? {} : { decisionId }),
    });
  const settle = async (decided: Decided): Promise<Settled> => {
    if (!room.claiming.enter(asker.keyId)) return { denied: OVERLOADED };
    return settleClaims(room, asker, { first: decided, again }).finally(() =>
      room.claiming.leave(asker.keyId),
    );
  };
  let settled = await settle(first);
  while ('decided' in settled && settled.decided.waitsFor) {
    const { approvalId, expiresAt } = settled.decided.waitsFor;
    const ms = Math.min(untilMs - performance.now(), Date.parse(expiresAt) - room.state.now() + 1);
    if (!(ms > 0) || room.state.approvals.closed || !room.patient.enter(asker.keyId)) break;
    await room.state.approvals.wait(approvalId, ms);
    room.patient.leave(asker.keyId);
    const doubt = room.doubt();
    if (doubt) return { denied: doubt };
    waitedFor = approvalId;
    settled = await settle(again());
  }
  return settled;
}
