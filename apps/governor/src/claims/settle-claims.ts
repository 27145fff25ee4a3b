/**
 * Making what an answer rests on certain before it is given.
 *
 * 1. An answer is given when all of its claims are made, under the decision id that they name. One that no longer
 *    stands by then is decided again; what it claimed stays claimed.
 * 2. A claim that is not granted means that the state has moved on: the question is decided again on one that
 *    shows it, under the same id, so that what was claimed already is not claimed twice.
 * 3. A claim in doubt is a deny; what it may have claimed stays claimed.
 */
import { type GovernorOrder, toWritError } from '@writ/contracts';
import { decisionIdAt } from '../decide/decision-id.ts';
import type { Asker, Decided } from '../decide/decide-question.ts';
import type { Moment } from '../decide/rendered.ts';
import type { Unanswerable } from '../decide/unanswerable.ts';
import type { GovernedState } from '../state/governed-state.ts';
import type { WindowCounts } from '../windows/window-counts.ts';
import { within } from '../within.ts';
import type { Claim } from './commander-path.ts';

/** What must be claimed of the commander before an answer is given, for the decision that will have this id. */
export type ClaimFor = (decisionId: string) => GovernorOrder;

export type Settled =
  | { readonly decided: Decided; readonly moment: Moment }
  | { readonly denied: Unanswerable };

export type ClaimRoom = {
  readonly state: Pick<GovernedState, 'world' | 'waiters'>;
  /** Why nothing may be decided now, if anything. */
  readonly doubt: () => Unanswerable | undefined;
  readonly windows: Pick<WindowCounts, 'count'>;
  readonly claim: Claim;
};

/** A decision, and how the question is decided again under the id that its claims name. */
export type Deciding = {
  readonly first: Decided;
  readonly again: (decisionId: string) => Decided;
};

/** Others may take what was left again and again; each time there is less of it. */
const MAX_ROUNDS = 16;
/** How long something may take to be known that is about to be. */
const PENDING_MS = 1000;

/** Claims what a decision rests on, and decides again where that was not granted. */
export async function settleClaims(
  room: ClaimRoom,
  asker: Asker,
  { first, again }: Deciding,
): Promise<Settled> {
  const decisionId = decisionIdAt(first.at.nowMs);
  if (first.pending) await within(PENDING_MS, first.pending);
  let decided = first.pending ? again(decisionId) : first;
  for (let round = 0; round < MAX_ROUNDS; decided = again(decisionId), round++) {
    countIn(room, asker, { decided, amount: 1 });
    const movedTo = await claimAll(room, asker, { decided, decisionId });
    const stands = movedTo === undefined && !room.doubt() && (decided.stands?.() ?? true);
    if (stands) return { decided, moment: { decisionId, ...decided.at } };
    countIn(room, asker, { decided, amount: -1 });
    if (typeof movedTo === 'object') return { denied: movedTo };
    if (movedTo !== undefined && !(await reached(room, movedTo))) return { denied: NOT_REACHED };
    const doubt = room.doubt();
    if (doubt) return { denied: doubt };
  }
  return { denied: NOT_CLAIMED };
}

/** Counts an allow in its windows in the same turn as it was decided, so that the next question sees it. */
export function countIn(
  { windows }: Pick<ClaimRoom, 'windows'>,
  { tenant }: Asker,
  { decided, amount }: { readonly decided: Decided; readonly amount: 1 | -1 },
): void {
  const { counts, at } = decided;
  if (counts.length > 0) windows.count({ tenant, nowMs: at.nowMs, windows: counts }, amount);
}

/** The sequence that shows why a claim was not granted, or why none will be; `undefined` when all were. */
async function claimAll(
  { claim }: ClaimRoom,
  asker: Asker,
  { decided, decisionId }: { readonly decided: Decided; readonly decisionId: string },
): Promise<number | Unanswerable | undefined> {
  try {
    for (const claimFor of decided.claims) {
      const { claimed, seq } = await claim(asker, claimFor(decisionId));
      if (!claimed) return seq;
    }
    return undefined;
  } catch (thrown) {
    const { code, message } = toWritError(thrown);
    if (code === 'APPROVALS_FULL') return { code: 'OVERLOADED', message };
    return code === 'APPROVER_NOT_ALLOWED' ? { code: 'IDENTITY_MISMATCH', message } : NOT_CLAIMED;
  }
}

function reached({ state }: ClaimRoom, seq: number): Promise<boolean> {
  if (state.world.seq >= seq) return Promise.resolve(true);
  return new Promise((resolve) => state.waiters.wait(seq, resolve));
}

const NOT_CLAIMED: Unanswerable = {
  code: 'LOG_UNAVAILABLE',
  message: 'what the answer rests on can not be claimed now, so it is denied; try again',
};
const NOT_REACHED: Unanswerable = {
  code: 'STALE_STATE',
  message: 'others claimed the same, and the governor has not read it yet; try again',
};
