/** What the decision benches ask. */
import { agentIdOf } from './seed.ts';
import { ENGINE_ACTION } from './seeded-events.ts';

export type QuestionKind = {
  /** Whether the same few questions come again, so that remembered answers serve them. */
  readonly repeating: boolean;
  readonly record: 'buffered' | 'required';
  /** Whether a policy applies that only the engine can judge; others are ruled out before it. */
  readonly engine: boolean;
};

const REPEATING = 200;

/** Bodies of one kind, the next one each time; the fresh ones were never asked before. */
export function questionsOf(kind: QuestionKind, agents: number): () => string {
  let n = 0;
  if (kind.repeating) {
    const texts = Array.from({ length: REPEATING }, (_, i) =>
      questionText(kind, i % agents, 'rides'),
    );
    return () => texts[n++ % texts.length] ?? '';
  }
  const run = Date.now();
  return () => questionText(kind, n++ % agents, `d-${run}-${n}`);
}

export function questionText(
  { record, engine }: Pick<QuestionKind, 'record' | 'engine'>,
  agent: number,
  resource: string,
): string {
  return JSON.stringify({
    subject: { type: 'agent', id: agentIdOf(agent) },
    action: { name: engine ? ENGINE_ACTION : 'analyse' },
    resource: { type: 'dataset', id: resource },
    context: { night: false, query: 'sum of all rides by month', estimatedCostMicros: 3000 },
    options: { record },
  });
}

const ALLOW = Buffer.from('{"decision":true');

/** Whether an answer allows; false where there was no place to answer in. Throws for any other, which no bench expects. */
export function isAllow(answer: Uint8Array): boolean {
  if (ALLOW.equals(answer.subarray(0, ALLOW.length))) return true;
  const text = new TextDecoder().decode(answer);
  if (text.startsWith('{"decision":false') && text.includes('"code":"OVERLOADED"')) return false;
  throw new Error(`the bench asked what must be allowed and got: ${text}`);
}
