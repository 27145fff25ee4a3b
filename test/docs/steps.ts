/** What a page has its reader type, and what it says comes of it. */
import type { Page } from './markdown.ts';
import { fencesOf } from './markdown.ts';

/** Commands that are typed in one go, and the lines that the page shows of their output. */
export type Step = { readonly commands: string; readonly shown: readonly string[] };

const OUTPUT = new Set(['', 'text']);

/** The steps of a page in order: `sh` blocks with the output that follows at once, and the commands of `console` blocks. */
export function stepsOf(page: Page): readonly Step[] {
  const steps: Step[] = [];
  let unanswered: string | undefined;
  const close = (shown: readonly string[]): void => {
    if (unanswered !== undefined) steps.push({ commands: unanswered, shown });
    unanswered = undefined;
  };
  for (const { info, body } of fencesOf(page)) {
    if (OUTPUT.has(info)) {
      close(linesOf(body));
      continue;
    }
    close([]);
    if (info === 'sh') unanswered = body;
    if (info === 'console') steps.push(...typedIn(body));
  }
  close([]);
  return steps;
}

function typedIn(session: string): readonly Step[] {
  return session
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const lines = part.split('\n');
      const last = lines.findIndex((line) => !line.endsWith('\\'));
      return {
        commands: `${lines.slice(0, last + 1).join('\n')}\n`,
        shown: linesOf(lines.slice(last + 1).join('\n')),
      };
    });
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
