/**
 * The JSON of an answer and of its record, made once, with places left for what differs each time:
 * id, number, time and sequence. The order of the members is part of what is recorded.
 */
import type { DecisionInputs, DecisionRecord } from '@writ/contracts';
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
  /** Up to the id · from there to the sequence · to the time · to the end. */
  readonly reply: readonly [string, string, string, string];
  /** From the id to the time of the inputs · to the end. The number comes before, the sequence after the time. */
  readonly record: readonly [string, string];
};

/** What differs between two answers from the same inputs. */
export type Moment = { readonly decisionId: string; readonly nowMs: number; readonly seq: number };

export function render(decided: Decided): Rendered {
  return {
    allowed: decided.decision.outcome === 'allow',
    reply: replyParts(decided),
    record: recordParts(decided),
  };
}

export function replyOf({ reply }: Rendered, { decisionId, nowMs, seq }: Moment): string {
  return `${reply[0]}${decisionId}${reply[1]}${seq}${reply[2]}${timestamp(nowMs)}${reply[3]}`;
}

/** The record after its number. */
export function recordTailOf({ record }: Rendered, { decisionId, nowMs, seq }: Moment): string {
  return `,"decisionId":"${decisionId}${record[0]}${nowMs},"seq":${seq}${record[1]}`;
}

function replyParts({ inputs, decision, ignored }: Decided): Rendered['reply'] {
  const { outcome, code, reasons, determining } = decision;
  // Whoever may not speak for the agent is told nothing of it.
  const hidden = code === 'IDENTITY_MISMATCH' || code === 'KEY_REVOKED';
  const trust = hidden ? null : (inputs.trust?.score ?? null);
  const refusal =
    code === null
      ? ''
      : `"code":"${code}","message":${JSON.stringify(reasons[0]?.text ?? 'denied')},`;
  return [
    `{"decision":${outcome === 'allow'},"context":{"outcome":"${outcome}","decisionId":"`,
    `",${refusal}"reasons":${JSON.stringify(reasons)},"policies":${JSON.stringify(determining)},"obligations":[],"trust":${trust},"seq":`,
    `,"policyDigest":${JSON.stringify(inputs.policies.digest)},"evaluatedAt":"`,
    `","ignored":${JSON.stringify(ignored)}}}`,
  ];
}

function recordParts({ inputs, decision, ignored, durability }: Decided): Rendered['record'] {
  const { nowMs: _now, seq: _seq, ...stable } = inputs;
  const { outcome, code, reasons, determining } = decision;
  const rest = {
    outcome,
    code,
    reasons: [...reasons],
    determining: [...determining],
    obligations: [],
    ignored: [...ignored],
    durability,
  } satisfies Partial<DecisionRecord>;
  return [
    `","inputs":${JSON.stringify(stable).slice(0, -1)},"nowMs":`,
    `},${JSON.stringify(rest).slice(1)}`,
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
