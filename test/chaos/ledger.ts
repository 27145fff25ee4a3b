/** What the clients were told, kept so that the log can be held against it. */
import type { CommandAccepted } from '@writ/contracts';

/** One thing a client wanted done, under one idempotency key however often it was sent. */
export type Operation = {
  readonly lane: string;
  readonly key: string;
  readonly verb: string;
  /** What it came to; `unknown` when the run ended before an answer came. */
  fate: 'unknown' | 'acknowledged' | 'queued' | 'refused';
  events: CommandAccepted['events'];
  /** The code of its refusal. */
  code?: string;
};

export type Question = {
  readonly decisionId: string;
  readonly agentId: string;
  readonly action: string;
  readonly allowed: boolean;
  readonly code: string | undefined;
  /** Recorded before it was answered. */
  readonly required: boolean;
};

/** From when a client sent something until it had its answer. */
export type Pulse = { readonly lane: string; readonly sentMs: number; readonly doneMs: number };

export type LaneKind = 'commands' | 'facts' | 'questions' | 'inbox' | 'rows';

export class Ledger {
  readonly operations: Operation[] = [];
  readonly questions: Question[] = [];
  readonly pulses: Pulse[] = [];
  /** What was answered otherwise than it must be, in words. */
  readonly wrong: string[] = [];
  /** Allowed although it must be denied, in words. */
  readonly allowedWrongly: string[] = [];
  /** Errors that clients met and retried, by code. */
  readonly errors = new Map<string, number>();
  retries = 0;
  lastSeq = 0;

  open(lane: string, key: string, verb: string): Operation {
    const operation: Operation = { lane, key, verb, fate: 'unknown', events: [] };
    this.operations.push(operation);
    return operation;
  }

  acknowledge(operation: Operation, { seq, events }: CommandAccepted): void {
    this.lastSeq = Math.max(this.lastSeq, seq);
    if (
      operation.fate === 'acknowledged' &&
      JSON.stringify(events) !== JSON.stringify(operation.events)
    )
      this.wrong.push(
        `\`${operation.verb}\` under \`${operation.key}\` was answered with ${JSON.stringify(operation.events)}, then with ${JSON.stringify(events)}`,
      );
    operation.fate = 'acknowledged';
    operation.events = events;
  }

  noteError(code: string): void {
    this.retries++;
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  /** How many operations came to this. */
  count(fate: Operation['fate']): number {
    return this.operations.filter((operation) => operation.fate === fate).length;
  }
}

/** The kind of clients that a lane belongs to: what stands before its number. */
export function kindOfLane(lane: string): LaneKind {
  return lane.slice(0, lane.lastIndexOf('-')) as LaneKind;
}
