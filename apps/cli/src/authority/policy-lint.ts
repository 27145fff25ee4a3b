/** `writ policies lint`: policies and their schema checked here, as publishing them would. */
import type { Command } from 'commander';
import { type ExitCode, exitCodes } from '../failure.ts';
import { handled, type Host, type Session } from '../session.ts';
import { oneLine } from '../terminal/table.ts';
import {
  findSchemaFile,
  type PolicySource,
  readPolicySources,
  type SchemaFile,
} from './policy-sources.ts';

type LintFlags = { readonly schema?: string };
export type Mistake = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly policyId?: string;
  readonly message: string;
};

export function addLintVerb(policies: Command, host: Host): void {
  policies
    .command('lint <path...>')
    .description('check policies here, without publishing them')
    .option('--schema <file>', 'hold them to this schema; else to a .cedarschema file of a folder')
    .action(handled<LintFlags>(host, lint));
}

async function lint(
  { out }: Session,
  paths: readonly string[],
  flags: LintFlags,
): Promise<ExitCode> {
  const sources = await readPolicySources(paths);
  const schema = await findSchemaFile(paths, flags.schema);
  const problems = await findMistakes(sources, schema);
  const counted = `${sources.length} ${sources.length === 1 ? 'policy' : 'policies'}`;
  const under = schema === undefined ? '' : ` under ${schema.file}`;
  out.document({ valid: problems.length === 0, policies: sources.length, problems }, () =>
    problems.length === 0
      ? `${out.colours.green('valid:')} ${counted}${under}`
      : problems
          .map(({ file, line, column, policyId, message }) => {
            const named = policyId === undefined ? '' : `${out.colours.bold(policyId)} `;
            return `${file}:${line}:${column} ${named}${oneLine(message)}`;
          })
          .join('\n'),
  );
  return problems.length === 0 ? exitCodes.done : exitCodes.no;
}

/** What is wrong with the schema; where nothing is, what is wrong with the policies. */
export async function findMistakes(
  sources: readonly PolicySource[],
  schema: SchemaFile | undefined,
): Promise<readonly Mistake[]> {
  const { checkPolicies, checkSchema } = await import('@writ/policy');
  const inSchema = schema === undefined ? [] : checkSchema(schema.text);
  if (schema !== undefined && inSchema.length > 0)
    return inSchema.map((problem) => ({ file: schema.file, ...problem }));
  const texts = Object.fromEntries(sources.map(({ policyId, text }) => [policyId, text]));
  const fileOf = new Map(sources.map(({ policyId, file }) => [policyId, file]));
  return checkPolicies(texts, schema?.text ?? null).map((problem) => ({
    file: fileOf.get(problem.policyId) ?? '',
    ...problem,
  }));
}
