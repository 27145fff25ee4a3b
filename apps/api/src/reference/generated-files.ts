/** Every generated document, by its path from the root of the repository. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { openApiDocument } from '../openapi/document.ts';
import { routes } from '../routes.ts';
import { errorPage } from './error-page.ts';
import { schemaFiles } from './schema-files.ts';
import { eventSchemas, lockOf, lockProblems, type SchemaLock } from './schema-lock.ts';

const FOLDER = 'docs/reference';
const SCHEMAS = `${FOLDER}/schemas`;
const LOCK = 'packages/contracts/schema-lock.json';

/** What the documents are by the code of today; the same code gives the same bytes. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  files.set(`${FOLDER}/openapi.json`, json(openApiDocument(routes)));
  files.set(`${FOLDER}/errors.md`, errorPage(routes));
  for (const [path, schema] of schemaFiles()) files.set(`${FOLDER}/${path}`, json(schema));
  return files;
}

/** How the documents under `root` differ from the code, one sentence each. */
export async function driftOf(root: string): Promise<string[]> {
  const files = generatedFiles();
  const problems: string[] = [];
  for (const [path, text] of files) {
    const there = await readFile(join(root, path), 'utf8').catch(() => undefined);
    if (there === undefined) problems.push(`\`${path}\` is missing`);
    else if (there !== text) problems.push(`\`${path}\` differs from the code`);
  }
  for (const path of await schemasUnder(root))
    if (!files.has(path)) problems.push(`\`${path}\` is not generated any more`);
  const [locked, now] = [await readLock(root), lockOf(eventSchemas())];
  const missing = Object.keys(now).filter((type) => !Object.hasOwn(locked, type));
  problems.push(...missing.map((type) => `\`${type}\` is not locked yet`));
  return [...problems, ...lockProblems(locked, now)];
}

/** Writes them under `root`, and removes schemas that are no longer made; throws, with nothing written, where a published schema was edited. */
export async function writeGenerated(root: string): Promise<void> {
  const [locked, now] = [await readLock(root), lockOf(eventSchemas())];
  const problems = lockProblems(locked, now);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const files = generatedFiles();
  for (const path of await schemasUnder(root)) if (!files.has(path)) await rm(join(root, path));
  for (const [path, text] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await mkdir(dirname(join(root, LOCK)), { recursive: true });
  await writeFile(join(root, LOCK), json(now));
}

async function readLock(root: string): Promise<SchemaLock> {
  const text = await readFile(join(root, LOCK), 'utf8').catch(() => '{}');
  return JSON.parse(text) as SchemaLock;
}

async function schemasUnder(root: string): Promise<string[]> {
  const entries = await readdir(join(root, SCHEMAS), {
    recursive: true,
    withFileTypes: true,
  }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
