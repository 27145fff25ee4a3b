/** `writ policies diff`: what differs between two sets of policies, published or on disk. */
import type { PolicyVersionDetailView, PolicyVersionView } from '@writ/contracts';
import type { Command } from 'commander';
import { CliFailure, type ExitCode, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { changedLines, type Line } from '../terminal/changed-lines.ts';
import { indentedLine } from '../terminal/table.ts';
import { encoded, type Page } from '../verb.ts';
import { readPolicySources } from './policy-sources.ts';

type Texts = Readonly<Record<string, string>>;
type Difference = {
  readonly policyId: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly lines: readonly Line[];
};

const ACTIVE = 'active';
const VERSION = /^[1-9]\d{0,8}$/;

export function addDiffVerb(policies: Command, host: Host): void {
  policies
    .command('diff <from> [to]')
    .description(
      'what differs between two sets: versions, `active`, folders or files; one alone is compared with the active version',
    )
    .addHelpText('after', '\nExamples:\n  writ policies diff policies/\n  writ policies diff 3 4')
    .action(handled(host, diff));
}

async function diff(session: Session, [from = '', to]: readonly string[]): Promise<ExitCode> {
  const [before, after] = to === undefined ? [ACTIVE, from] : [from, to];
  const differences = differencesOf(await textsOf(session, before), await textsOf(session, after));
  const { out } = session;
  out.document({ from: before, to: after, same: differences.length === 0, differences }, () =>
    differences.length === 0
      ? `${before} and ${after} have just the same policies`
      : differences.map((difference) => rendered(session, difference)).join('\n\n'),
  );
  return differences.length === 0 ? exitCodes.done : exitCodes.no;
}

async function textsOf({ api }: Session, set: string): Promise<Texts> {
  if (VERSION.test(set)) return published(api, set);
  if (set !== ACTIVE) {
    const sources = await readPolicySources([set]);
    return Object.fromEntries(sources.map(({ policyId, text }) => [policyId, text]));
  }
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: Page<PolicyVersionView> = await api().get('/v1/policies', { limit: 500, cursor });
    const active = page.items.find((one) => one.active);
    if (active) return published(api, active.version);
    cursor = page.nextCursor;
  }
  throw new CliFailure(exitCodes.no, 'no version of the policies is active; name one to compare');
}

async function published(api: Session['api'], version: string): Promise<Texts> {
  const path = `/v1/policies/${encoded(version)}`;
  return (await api().get<PolicyVersionDetailView>(path)).policies;
}

function differencesOf(before: Texts, after: Texts): readonly Difference[] {
  const ids = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return ids.flatMap((policyId): Difference[] => {
    const [old, now] = [before[policyId], after[policyId]];
    if (old === now) return [];
    const change = old === undefined ? 'added' : now === undefined ? 'removed' : 'changed';
    return [{ policyId, change, lines: changedLines(old ?? '', now ?? '') }];
  });
}

function rendered({ out }: Session, { policyId, change, lines }: Difference): string {
  const { bold, dim, green, red } = out.colours;
  const paint = { '+': green, '-': red, ' ': dim } as const;
  const shown = lines.map(({ sign, text }) => paint[sign](`${sign} ${indentedLine(text)}`));
  return [`${bold(policyId)} ${change}`, ...shown].join('\n');
}
