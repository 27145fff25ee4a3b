/**
 * The JSON of an answer and of its record, made once, with places left for what differs each time:
 * id, number, time and sequence. The order of the members is part of what is recorded.
 */
import type { DecisionInputs } from '@writ/contracts';
import { isAscii } from '../ascii.ts';
import type { Denial } from '../records/denials.ts';
import type { Decision } from '@writ/domain';

export type Decided = {
  readonly inputs: DecisionInputs;
  readonly decision: Decision;
  readonly ignored: readonly string[];
  readonly durability: 'buffered' | 'required';
};

/** The parts between the places that are filled each time. */
export type Rendered = {
  readonly allowed: boolean;
  /** What was denied; `undefined` unless it was. */
  readonly denial: Denial | undefined;
  /** Up to the id · from there to the sequence · to the time · to the end. */
  readonly reply: readonly [string, string, string, string];
  /** From the id to the time of the inputs · to the end. The number comes before, the sequence after the time. */
  readonly record: readonly [string, string];
  /** Whether the record is ASCII alone; ids, numbers and times are. */
  readonly asciiRecord: boolean;
};

/** What differs between two answers from the same inputs. */
export type Moment = { readonly decisionId: string; readonly nowMs: number; readonly seq: number };

export function render(decided: Decided): Rendered {
  const { outcome, code, reasons, determining, wouldDeny, restsOn } = decided.decision;
  const lists: Lists = {
    reasons: JSON.stringify(reasons),
    determining: JSON.stringify(determining),
    ignored: JSON.stringify(decided.ignored),
    wouldDeny: wouldDeny ? `,"wouldDeny":${JSON.stringify(wouldDeny)}` : '',
    obligations:
      restsOn === undefined ? '[]' : JSON.stringify(obligationsOf(decided.inputs, restsOn)),
  };
  const record = recordParts(decided, lists);
  return {
    allowed: outcome === 'allow',
    denial: code === null ? undefined : { code, request: decided.inputs.request },
    reply: replyParts(decided, lists),
    record,
    asciiRecord: record.every(isAscii),
  };
}

/** The JSON of what answer and record have in common. */
type Lists = {
  readonly reasons: string;
  readonly determining: string;
  readonly ignored: string;
  /** A member of its own, or nothing. */
  readonly wouldDeny: string;
  readonly obligations: string;
};

/** What is counted of a limited grant is right only when what came of it is reported. */
function obligationsOf({ limits = [] }: DecisionInputs, restsOn: string): readonly object[] {
  const counted = limits.some(({ grantId, kind }) => grantId === restsOn && kind !== 'window');
  return counted ? [{ kind: 'report', grantId: restsOn }] : [];
}

export function replyOf({ reply }: Rendered, { decisionId, nowMs, seq }: Moment): string {
  return `${reply[0]}${decisionId}${reply[1]}${seq}${reply[2]}${timestamp(nowMs)}${reply[3]}`;
}

/** The record after its number. */
export function recordTailOf({ record }: Rendered, { decisionId, nowMs, seq }: Moment): string {
  return `,"decisionId":"${decisionId}${record[0]}${nowMs},"seq":${seq}${record[1]}`;
}

/** A message holds 1 MiB; what is filled in each time, and the number and names before it, are in the rest. */
const MAX_RECORD_BYTES = 700 * 1024;

/** True when the record can not be stored. */
export function isTooLarge({ record: [head, tail] }: Rendered): boolean {
  // A character has three bytes at most.
  if ((head.length + tail.length) * 3 <= MAX_RECORD_BYTES) return false;
  return Buffer.byteLength(head) + Buffer.byteLength(tail) > MAX_RECORD_BYTES;
}

function replyParts({ inputs, decision }: Decided, lists: Lists): Rendered['reply'] {
  const { outcome, code, reasons } = decision;
  // Whoever may not speak for the agent is told nothing of it.
  const hidden = code === 'IDENTITY_MISMATCH' || code === 'KEY_REVOKED';
  const trust = hidden ? null : (inputs.trust?.score ?? null);
  const message = JSON.stringify(reasons[0]?.text ?? 'denied');
  const refusal = code === null ? '' : `"code":"${code}","message":${message},`;
  const approval = inputs.approval ? `,"approvalId":"${inputs.approval.approvalId}"` : '';
  return [
    `{"decision":${outcome === 'allow'},"context":{"outcome":"${outcome}","decisionId":"`,
    `",${refusal}"reasons":${lists.reasons},"policies":${lists.determining},"obligations":${lists.obligations},"trust":${trust},"seq":`,
    `,"policyDigest":${JSON.stringify(inputs.policies.digest)},"evaluatedAt":"`,
    `","ignored":${lists.ignored}${lists.wouldDeny}${approval}}}`,
  ];
}

function recordParts(
  { inputs, decision, durability }: Decided,
  { reasons, determining, ignored, wouldDeny, obligations }: Lists,
): Rendered['record'] {
  const { nowMs: _now, seq: _seq, ...stable } = inputs;
  const code = decision.code === null ? 'null' : `"${decision.code}"`;
  const { restsOn } = decision;
  const rests = restsOn === undefined ? '' : `,"restsOn":${JSON.stringify(restsOn)}`;
  return [
    `","inputs":${JSON.stringify(stable).slice(0, -1)},"nowMs":`,
    `},"outcome":"${decision.outcome}","code":${code},"reasons":${reasons},"determining":${determining}${wouldDeny}${rests},"obligations":${obligations},"ignored":${ignored},"durability":"${durability}"}`,
  ];
}

let lastMs = -1;
let lastTimestamp = '';

/** RFC 3339 in UTC; many answers share a millisecond. */
export function timestamp(nowMs: number): string {
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    lastTimestamp = new Date(nowMs).toISOString();
  }
  return lastTimestamp;
}
