/** The `writ …` command lines that pages show, and what the program knows. */
import type { createProgram } from '../../apps/cli/src/program.ts';
import type { Page } from './markdown.ts';
import { fencesOf, proseOf } from './markdown.ts';

type Program = ReturnType<typeof createProgram>;

const SHELL = new Set(['sh', 'bash', 'console', 'text', '']);
const CALL = /(?:^|[\s($`])(?:npm run (?:--silent )?writ -- |npx writ |writ )([a-z][^\n]*)/g;

/** Every command line that a page shows, from its first verb on. */
export function commandLinesOf(page: Page): readonly string[] {
  const shell = fencesOf(page)
    .filter(({ info }) => SHELL.has(info.split(' ')[0] ?? ''))
    .flatMap(({ body }) => body.split('\n'))
    .filter((line) =>
      /^\s*(?:\$ |export |[A-Z_]+=|alias )?.*\b(?:npx writ|npm run (?:--silent )?writ|writ) /.test(
        line,
      ),
    );
  const inline = [...proseOf(page).matchAll(/`([^`\n]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => /^writ [a-z]/.test(code));
  return [...shell, ...inline].flatMap((line) =>
    [...line.matchAll(CALL)].map(([, rest = '']) => rest),
  );
}

/** What is wrong with a command line; `undefined` when the program would take it. */
export function problemOf(program: Program, line: string): string | undefined {
  const words =
    line
      .split(/\s+#|[|;&>)<]|`/)[0]
      ?.trim()
      .split(/\s+/) ?? [];
  let command = program;
  let at = 0;
  for (; at < words.length; at++) {
    const next = command.commands.find(
      (one) => one.name() === words[at] || one.aliases().includes(words[at] ?? ''),
    );
    if (!next) break;
    command = next;
  }
  if (at === 0) return `there is no verb \`${words[0]}\``;
  const rest = words[at];
  if (
    command.commands.length > 0 &&
    command.registeredArguments.length === 0 &&
    rest !== undefined &&
    !rest.startsWith('-') &&
    !rest.startsWith('…')
  )
    return `\`${command.name()}\` has no verb \`${rest}\``;
  const known = [...command.options, ...program.options].flatMap(({ long, short }) => [
    long,
    short,
  ]);
  const unknown = words
    .slice(at)
    .find((word) => /^--?[a-z]/.test(word) && !known.includes(word.split('=')[0]));
  return unknown === undefined
    ? undefined
    : `\`${unknown}\` is not an option of \`${words.slice(0, at).join(' ')}\``;
}
