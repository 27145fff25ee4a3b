/** Real work, each piece of it asked for, announced and reported. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PermissionDenied } from '@writ/sdk';
import { cast, DATA_SET_RESOURCE, FORBIDDEN_RESOURCE, type Role } from '../cast.ts';
import { expectThat } from '../expectation.ts';
import type { Fleet } from '../fleet.ts';
import { chartOf } from '../tasks/chart.ts';
import { readCounts } from '../tasks/counts.ts';
import { profileOf } from '../tasks/profile.ts';
import { figuresOf, hastyFiguresOf, summaryOf } from '../tasks/summary.ts';

/** A result: its file, and the execution that made it. */
export type Result = { readonly file: string; readonly executionId: string };
export type Results = { readonly summary: Result; readonly hastySummary: Result };

export async function work(fleet: Fleet): Promise<Results> {
  await fleet.printer.chapter('They work: every call is asked for, announced and reported');
  await produce(fleet, 'profiler', {
    file: 'profile.json',
    make: async () => `${JSON.stringify(profileOf(await readCounts()), undefined, 2)}\n`,
  });
  await produce(fleet, 'chartMaker', {
    file: 'chart.svg',
    make: async () => chartOf(await readCounts()),
  });
  const summary = await produce(fleet, 'summariser', {
    file: 'summary.md',
    make: async () => summaryOf(figuresOf(profileOf(await readCounts())), cast.summariser.name),
  });
  const hastySummary = await produce(fleet, 'hasty', {
    file: 'hasty-summary.md',
    make: async () => summaryOf(hastyFiguresOf(await readCounts()), cast.hasty.name),
  });
  await overreach(fleet);
  return { summary, hastySummary };
}

type Product = { readonly file: string; readonly make: () => Promise<string> };

/** Has an agent make a file under governance; throws `PermissionDenied` when it may not. */
export async function produce(
  { agents, operator, workshop, printer }: Fleet,
  role: Role,
  { file, make }: Product,
): Promise<Result> {
  const { agentId, action } = cast[role];
  const started = performance.now();
  const path = join(workshop, file);
  const made = await agents[role].withGovernance(
    agentId,
    action,
    async ({ executionId }) => {
      const text = await make();
      await writeFile(path, text);
      return { executionId, bytes: Buffer.byteLength(text) };
    },
    {
      resource: DATA_SET_RESOURCE,
      ...(operator.token === undefined ? {} : { atLeast: operator.token }),
    },
  );
  printer.done(
    `${agentId.padEnd(18)} ${action} → ${path} (${made.bytes} bytes, ${Math.round(performance.now() - started)} ms with governance)`,
  );
  return { file: path, executionId: made.executionId };
}

/** An agent reaches for data that is none of its business; its code never runs. */
async function overreach({ agents, printer }: Fleet): Promise<void> {
  const { agentId, action } = cast.chartMaker;
  let ran = false;
  try {
    await agents.chartMaker.withGovernance(agentId, action, () => void (ran = true), {
      resource: FORBIDDEN_RESOURCE,
    });
  } catch (error) {
    if (!(error instanceof PermissionDenied)) throw error;
    expectThat(
      error.code === 'NO_GRANT',
      `reaching for \`${FORBIDDEN_RESOURCE}\` was denied with ${error.code}, not NO_GRANT`,
    );
    printer.refused(`${agentId.padEnd(18)} ${action} on ${FORBIDDEN_RESOURCE}: ${error.code}`);
    printer.note(`${error.reasons[0]?.text ?? ''} (decision ${error.decisionId})`);
  }
  expectThat(!ran, `\`${agentId}\` acted on \`${FORBIDDEN_RESOURCE}\` without a grant`);
}
