/** `writ policies test`: tables of questions decided here, with no server. */
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { CliFailure, type ExitCode, exitCodes } from '../../failure.ts';
import { handled, type Host, type Session } from '../../session.ts';
import { type Output } from '../../terminal/output.ts';
import { list } from '../../terminal/format.ts';
import { oneLine } from '../../terminal/table.ts';
import { findMistakes } from '../policy-lint.ts';
import { findSchemaFile, readPolicySources } from '../policy-sources.ts';
import { runTest, type TestResult } from './run-tests.ts';
import { readTestFile, type TestFile } from './test-file.ts';

type FileResult = {
  readonly file: string;
  readonly tests: readonly TestResult[];
  /** Policies that no test was denied by. */
  readonly untested: readonly string[];
};

export function addTestVerb(policies: Command, host: Host): void {
  policies
    .command('test <path...>')
    .description('run tests of policies here: .test.yaml files, or folders of them')
    .addHelpText('after', '\nExample:\n  writ policies test policies/')
    .action(handled(host, test));
}

async function test({ out }: Session, paths: readonly string[]): Promise<ExitCode> {
  const files = (await Promise.all(paths.map(testFilesIn))).flat();
  const results: FileResult[] = [];
  for (const file of files) results.push(await runFile(await readTestFile(file)));
  const tests = results.flatMap((result) => result.tests);
  const failed = tests.filter(({ passed }) => !passed).length;
  const document = { passed: tests.length - failed, failed, files: results };
  out.document(document, () => rendered(out, results, failed));
  return failed === 0 ? exitCodes.done : exitCodes.no;
}

const TEST_FILE = /\.test\.ya?ml$/;

async function testFilesIn(path: string): Promise<readonly string[]> {
  const kind = await stat(path).catch((cause: unknown) => {
    throw new CliFailure(exitCodes.usage, `there is no file or folder \`${path}\``, { cause });
  });
  if (!kind.isDirectory()) return [path];
  const names = (await readdir(path, { recursive: true })).filter((name) => TEST_FILE.test(name));
  if (names.length === 0)
    throw new CliFailure(exitCodes.usage, `there is no .test.yaml file in \`${path}\``);
  return names.sort().map((name) => join(path, name));
}

async function runFile({ file, policies, schema, tests }: TestFile): Promise<FileResult> {
  const beside = (path: string): string => join(dirname(file), path);
  const paths = policies.map(beside);
  const sources = await readPolicySources(paths);
  const declared = await findSchemaFile(paths, schema === undefined ? undefined : beside(schema));
  const [mistake] = await findMistakes(sources, declared);
  if (mistake)
    throw new CliFailure(
      exitCodes.no,
      `${mistake.file}:${mistake.line}:${mistake.column} ${mistake.message}`,
    );
  const { openCedar, policyDigest } = await import('@writ/policy');
  const texts = Object.fromEntries(sources.map(({ policyId, text }) => [policyId, text]));
  const set = { digest: policyDigest('cedar', texts), policies: texts };
  const compiled = openCedar().compile('test', { ...set, schema: declared?.text ?? null });
  const results = tests.map((row) => runTest(compiled, row));
  const reached = new Set(results.flatMap((result) => result.policies));
  const untested = Object.keys(texts).filter((id) => !reached.has(id));
  return { file, tests: results, untested };
}

function rendered(out: Output, results: readonly FileResult[], failed: number): string {
  const { colours } = out;
  const lines = results.flatMap(({ file, tests, untested }) => [
    ...tests
      .filter(({ passed }) => !passed)
      .flatMap(({ name, line, column, expected, actual }) => [
        `${file}:${line}:${column} ${colours.red('failed:')} ${colours.bold(oneLine(name))}`,
        `  expected ${expected}`,
        `  but it is ${oneLine(actual)}`,
      ]),
    ...(untested.length === 0
      ? []
      : [`${file} ${colours.yellow('no test is denied by')} ${list(untested)}`]),
  ]);
  const total = results.reduce((count, { tests }) => count + tests.length, 0);
  const summary = `${total - failed} passed${failed === 0 ? '' : `, ${failed} failed`}`;
  return [...lines, failed === 0 ? colours.green(summary) : colours.red(summary)].join('\n');
}
