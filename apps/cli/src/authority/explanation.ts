/** An explanation of a decision, and in words; one of a new decision is waited for. */
import { setTimeout as wait } from 'node:timers/promises';
import type { ExplanationView } from '@writ/contracts';
import { CliFailure } from '../failure.ts';
import type { Session } from '../session.ts';
import type { Output } from '../terminal/output.ts';
import { oneLine } from '../terminal/table.ts';
import { encoded } from '../verb.ts';

const PATIENCE_MS = 5000;
const EVERY_MS = 50;

/** The decision's record, and the policies it names, come a moment after the answer. */
const lateCodes: readonly string[] = ['NOT_FOUND', 'STALE_STATE'];

/** The explanation of a decision that is recorded. */
export function fetchExplanation(
  { api }: Pick<Session, 'api'>,
  decisionId: string,
): Promise<ExplanationView> {
  return api().get<ExplanationView>(`/v1/decisions/${encoded(decisionId)}/explanation`);
}

/** The explanation of a decision that was just given, or why there is none. */
export async function awaitExplanation(
  session: Pick<Session, 'api'>,
  decisionId: string,
): Promise<ExplanationView | CliFailure> {
  for (const until = performance.now() + PATIENCE_MS; ; ) {
    try {
      return await fetchExplanation(session, decisionId);
    } catch (error) {
      if (!(error instanceof CliFailure)) throw error;
      if (!lateCodes.includes(error.code) || performance.now() >= until) return error;
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
