/** The validator's work: every figure of a summary against the data itself. */
import type { Count } from './counts.ts';
import { profileOf } from './profile.ts';
import { FIGURES, figuresOf } from './summary.ts';

export type Verdict = { readonly accepted: boolean; readonly problems: readonly string[] };

const ROW = /^\| (.+) \| (.+) \|$/;

/** Compares a summary in markdown with the counts it is about. */
export function validateSummary(markdown: string, counts: readonly Count[]): Verdict {
  const stated = new Map(markdown.split('\n').flatMap((line) => pairOf(line) ?? []));
  const right = figuresOf(profileOf(counts));
  const problems = FIGURES.flatMap((name) => {
    const [said, is] = [stated.get(name), right[name]];
    if (said === is) return [];
    return [said === undefined ? `\`${name}\` is missing` : `\`${name}\` is ${is}, not ${said}`];
  });
  return { accepted: problems.length === 0, problems };
}

function pairOf(line: string): [[string, string]] | undefined {
  const [, name, value] = ROW.exec(line) ?? [];
  return name === undefined || value === undefined ? undefined : [[name, value]];
}
