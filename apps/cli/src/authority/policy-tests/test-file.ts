/** Files of tests for policies: YAML with a table of questions and what is expected of each. */
import { readFile } from 'node:fs/promises';
import { actionName, agentId, denyCodes, issueMessage, resourceName } from '@writ/contracts';
import { meantBy } from '@writ/policy';
import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { CliFailure, exitCodes } from '../../failure.ts';

const members = z.record(z.string(), z.unknown());
const names = z.union([z.string().transform((name) => [name]), z.array(z.string())]);

/** What a test may say of the question; `defaults` say it for all tests of a file. */
const question = {
  agent: agentId.optional(),
  trust: z.int().min(0).max(1000).optional(),
  type: z.string().optional(),
  version: z.string().optional(),
  owner: z.string().nullable().optional(),
  capabilities: z.array(z.string()).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  action: actionName.optional(),
  resource: resourceName.optional(),
  context: members.optional(),
  properties: z
    .strictObject({
      subject: members.optional(),
      action: members.optional(),
      resource: members.optional(),
    })
    .optional(),
};

const row = z.strictObject({
  name: z.string().min(1),
  ...question,
  expect: z.enum(['allow', 'deny', 'require_approval']),
  /** The policies that determine it, all of them. */
  by: names.optional(),
  code: z.enum(denyCodes).optional(),
  /** The log-only policies that would deny it, all of them. */
  wouldDeny: names.optional(),
});

const file = z.strictObject({
  policies: z.union([z.string().transform((path) => [path]), z.array(z.string()).min(1)]),
  schema: z.string().optional(),
  defaults: z.strictObject(question).default({}),
  tests: z.array(row).min(1),
});

export type Row = z.output<typeof row>;
export type PlacedRow = { readonly row: Row; readonly line: number; readonly column: number };
export type TestFile = Omit<z.output<typeof file>, 'tests' | 'defaults'> & {
  readonly file: string;
  readonly tests: readonly PlacedRow[];
};

/** Reads a file of tests, with the defaults filled in; a mistake is told with its line and column. */
export async function readTestFile(path: string): Promise<TestFile> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CliFailure(exitCodes.usage, `there is no file \`${path}\` to read`, { cause });
  });
  return parseTestFile(path, text);
}

export function parseTestFile(path: string, text: string): TestFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const refuse = (offset: number, message: string): never => {
    const { line, col } = lines.linePos(offset);
    throw new CliFailure(exitCodes.usage, `${path}:${line}:${col} ${message}`);
  };
  const [malformed] = document.errors;
  if (malformed)
    return refuse(malformed.pos[0], malformed.message.split(' at line')[0] ?? 'is not YAML');
  const startOf = (at: readonly PropertyKey[]): number => startIn(document.contents, at);
  const parsed = file.safeParse(document.toJS(), { error: issueMessage });
  if (!parsed.success) {
    const { issues } = parsed.error;
    // A key that is misspelt is missing, too: the slip says more.
    const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
    if (issue === undefined) return refuse(0, 'is not a file of tests');
    if (issue.code !== 'unrecognized_keys') return refuse(startOf(issue.path), saidOf(issue));
    const [key = ''] = issue.keys;
    return refuse(startOf([...issue.path, key]), unknownKey(key, issue.path));
  }
  const { tests, defaults, ...more } = parsed.data;
  const placed = tests.map((test, index): PlacedRow => {
    const { line, col } = lines.linePos(startOf(['tests', index]));
    return { row: { ...defaults, ...test }, line, column: col };
  });
  return { ...more, file: path, tests: placed };
}

function saidOf(issue: z.core.$ZodIssue): string {
  const at = issue.path.join('.');
  return `${at === '' ? 'the file' : `\`${at}\``} ${issue.message}`;
}

function unknownKey(key: string, path: readonly PropertyKey[]): string {
  const known =
    path.length === 0
      ? Object.keys(file.shape)
      : path[0] === 'tests'
        ? Object.keys(row.shape)
        : Object.keys(question);
  const meant = meantBy(key, known);
  const hint = meant === undefined ? `there are ${known.join(', ')}` : `did you mean \`${meant}\`?`;
  return `\`${key}\` is nothing that a test can say; ${hint}`;
}

/** Where the nearest thing on a path begins: its key where it has one. */
function startIn(root: Node | null, path: readonly PropertyKey[]): number {
  let node: unknown = root;
  let start = root?.range?.[0] ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      if (!pair) break;
      start = (pair.key as Node).range?.[0] ?? start;
      node = pair.value;
    } else {
      const items = (node as { readonly items?: readonly unknown[] } | null)?.items;
      const item = items?.[Number(part)] as Node | undefined;
      if (!item) break;
      start = item.range?.[0] ?? start;
      node = item;
    }
  }
  return start;
}
