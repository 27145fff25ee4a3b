/** Results are checked and rated; trust follows. */
import { readFile } from 'node:fs/promises';
import { cast, type Part, type Role } from '../cast.ts';
import { expectThat } from '../expectation.ts';
import type { Fleet } from '../fleet.ts';
import { trustOf } from '../trust.ts';
import { readCounts } from '../tasks/counts.ts';
import { validateSummary, type Verdict } from '../tasks/validate.ts';
import type { Result, Results } from './work.ts';

/** Opaque ids of people; one owner of raters moves an agent by at most one rating a day. */
const READERS = [
  { rater: 'usr_dana', rating: 0.95 },
  { rater: 'usr_kofi', rating: 1 },
  { rater: 'usr_mei', rating: 0.9 },
] as const;

export async function ratings(fleet: Fleet, { summary, hastySummary }: Results): Promise<void> {
  const { printer } = fleet;
  await printer.chapter('A validator checks the summaries, people rate them, trust follows');
  const before = {
    good: await trustOf(fleet, cast.summariser),
    hasty: await trustOf(fleet, cast.hasty),
  };

  const good = await judge(fleet, 'summariser', summary);
  expectThat(
    good.accepted,
    `the summary is right, but the validator rejects it: ${good.problems.join('; ')}`,
  );
  for (const { rater, rating } of READERS)
    await rate(fleet, cast.summariser, { rater, rating, executionId: summary.executionId });
  const risen = await trustOf(fleet, cast.summariser);
  printer.done(`trust of ${cast.summariser.agentId}: ${before.good} → ${risen}`);
  if (risen === before.good)
    printer.note('one rating a day counts of each person: the rest was had in an earlier run');
  expectThat(
    risen >= before.good && risen > 120,
    `good ratings moved trust from ${before.good} to ${risen}`,
  );

  const bad = await judge(fleet, 'hasty', hastySummary);
  expectThat(!bad.accepted, 'the hasty summary is wrong, but the validator accepts it');
  const fallen = await trustOf(fleet, cast.hasty);
  printer.refused(`trust of ${cast.hasty.agentId}: ${before.hasty} → ${fallen}`);
  expectThat(
    fallen <= before.hasty && fallen < 120,
    `a rejected result moved trust from ${before.hasty} to ${fallen}`,
  );
}

/** The validator reads the result under governance; its verdict is recorded as the system's. */
async function judge(fleet: Fleet, author: Role, result: Result): Promise<Verdict> {
  const { agents, operator, printer } = fleet;
  const { agentId, action } = cast.validator;
  const verdict = await agents.validator.withGovernance(
    agentId,
    action,
    async () => validateSummary(await readFile(result.file, 'utf8'), await readCounts()),
    { resource: `report:${author}` },
  );
  await operator.giveFeedback({
    agentId: cast[author].agentId,
    executionId: result.executionId,
    rating: verdict.accepted ? 1 : 0,
    source: 'system',
    rater: agentId,
    severity: verdict.accepted ? 'normal' : 'major',
    comment: verdict.accepted ? 'every figure is right' : verdict.problems.join('; '),
  });
  if (verdict.accepted)
    printer.done(`${agentId.padEnd(18)} accepts the work of ${cast[author].agentId}`);
  else
    printer.refused(
      `${agentId.padEnd(18)} rejects the work of ${cast[author].agentId}: a major fault`,
    );
  for (const problem of verdict.problems) printer.note(problem);
  return verdict;
}

type Rating = { readonly rater: string; readonly rating: number; readonly executionId: string };

async function rate(
  { operator, printer }: Fleet,
  { agentId }: Part,
  { rater, rating, executionId }: Rating,
): Promise<void> {
  await operator.giveFeedback({
    agentId,
    executionId,
    rating,
    source: 'human',
    rater,
    severity: 'normal',
  });
  printer.done(`${rater.padEnd(18)} rates ${agentId} with ${rating}`);
}
