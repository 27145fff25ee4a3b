/** The documentation as the tests read it: files, links, headings, fenced blocks. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

export type Page = { readonly path: string; readonly text: string };
export type Fence = { readonly page: string; readonly info: string; readonly body: string };

/** Every page of the repository, with paths relative to its root. */
export function readPages(): readonly Page[] {
  const exclude = (path: string) => /(?:^|\/)(?:node_modules|dist|\.git|\.writ)(?:\/|$)/.test(path);
  return globSync('**/*.md', { cwd: root, exclude })
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

export function fencesOf({ path, text }: Page): readonly Fence[] {
  return [...text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(([, info = '', body = '']) => ({
    page: path,
    info: info.trim(),
    body,
  }));
}

/** The prose: what is left without fenced blocks. */
export function proseOf({ text }: Page): string {
  return text.replace(/^```[^\n]*\n.*?^```$/gms, '');
}

/** Relative targets of links and images; addresses of the web are not followed. */
export function linksOf(page: Page): readonly string[] {
  const prose = proseOf(page).replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors that GitHub gives to a page's headings. */
export function anchorsOf(page: Page): ReadonlySet<string> {
  const headings = [...proseOf(page).matchAll(/^#{1,6} +(.+)$/gm)];
  return new Set(headings.map(([, heading = '']) => slugOf(heading)));
}

function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

/** Where a link leads, relative to the repository's root, and the anchor in it. */
export function targetOf(
  page: Page,
  link: string,
): { readonly path: string; readonly anchor: string } {
  const [file = '', anchor = ''] = link.split('#');
  return { path: file === '' ? page.path : join(dirname(page.path), file), anchor };
}
