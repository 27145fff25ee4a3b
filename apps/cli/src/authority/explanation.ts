/** An explanation of a decision in words, and waiting for it to be recorded. */
import { setTimeout as wait } from 'node:timers/promises';
import type { ExplanationView } from '@writ/contracts';
import { CliFailure } from '../failure.ts';
import type { Session } from '../session.ts';
import type { Output } from '../terminal/output.ts';
import { oneLine } from '../terminal/table.ts';
import { encoded } from '../verb.ts';

const PATIENCE_MS = 5000;
const EVERY_MS = 50;

/** The explanation of a decision; one that was just given is waited for, since its record comes a moment later. */
export async function fetchExplanation(
  { api }: Pick<Session, 'api'>,
  decisionId: string,
): Promise<ExplanationView> {
  for (const until = performance.now() + PATIENCE_MS; ; ) {
    try {
      return await api().get<ExplanationView>(`/v1/decisions/${encoded(decisionId)}/explanation`);
    } catch (error) {
      const isLate = error instanceof CliFailure && performance.now() < until;
      if (!isLate) throw error;
      await wait(EVERY_MS);
    }
  }
}

export function renderExplanation(out: Output, explanation: ExplanationView): string {
  const { colours } = out;
  const { grants, policies, flips } = explanation;
  const mark = (good: boolean): string => (good ? colours.green('✓') : colours.red('✗'));
  const forbids = policies.filter(({ says }) => says !== 'passes');
  return [
    colours.bold('grants'),
    ...grants.map(({ grantId, holds, text }) => `  ${mark(holds)} ${grantId} ${oneLine(text)}`),
    ...(grants.length === 0 ? ['  none covers it'] : []),
    colours.bold('policies'),
    ...forbids.map(
      ({ policyId, says, text }) =>
        `  ${mark(says === 'would_forbid')} ${policyId} ${oneLine(text)}`,
    ),
    `  ${policies.length - forbids.length} of ${policies.length} do not apply`,
    colours.bold('what would flip it'),
    ...flips.map(({ to, text }) => `  ${colours.dim(`→ ${to}`)} ${oneLine(text)}`),
    ...(flips.length === 0 ? ['  no single change'] : []),
  ].join('\n');
}
