/** Every gate of `npm run verify` catches the fault it is there for, and is silent without one. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const configurations = [
  ...['.gitignore', '.oxlintrc.json', 'biome.json', 'knip.json', 'turbo.json'],
  ...['package.json', 'package-lock.json', 'tsconfig.base.json'],
];
const packages = ['bus', 'contracts', 'domain', 'readmodels'];
let tree = '';

/** A small repository under the real configuration, in which every fault is sown and removed again. */
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'writ-gates-'));
  for (const file of configurations) cpSync(join(root, file), join(tree, file));
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  const references = packages.map((name) => ({ path: `packages/${name}` }));
  write('tsconfig.json', JSON.stringify({ files: [], references }));
  for (const name of packages) {
    const from = join(root, 'packages', name);
    mkdirSync(join(tree, 'packages', name, 'src'), { recursive: true });
    cpSync(join(from, 'package.json'), join(tree, 'packages', name, 'package.json'));
    const options = { rootDir: 'src', outDir: 'dist', types: ['node'] };
    const tsconfig = {
      extends: '../../tsconfig.base.json',
      compilerOptions: options,
      include: ['src'],
    };
    write(`packages/${name}/tsconfig.json`, JSON.stringify(tsconfig));
    write(`packages/${name}/src/index.ts`, "export const name = 'clean';\n");
  }
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

function write(path: string, text: string): void {
  writeFileSync(join(tree, path), text);
}

type Gate = { readonly tool: string; readonly args: readonly string[] };
const lint: Gate = { tool: 'oxlint', args: ['--type-aware', '--deny-warnings'] };
const types: Gate = { tool: 'tsc', args: ['-b'] };
const format: Gate = { tool: 'biome', args: ['format', 'packages/domain/src'] };
const unused: Gate = { tool: 'knip', args: ['--include', 'files,exports'] };
const boundaries: Gate = { tool: 'turbo', args: ['boundaries'] };

function run(gate: Gate): { readonly green: boolean; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(
    join(root, 'node_modules', '.bin', gate.tool),
    gate.args,
    {
      cwd: tree,
      encoding: 'utf8',
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', NO_COLOR: '1' },
    },
  );
  return { green: status === 0, said: `${stdout}\n${stderr}` };
}

/** What the gate says about a tree that has this one file more. */
function withFault(gate: Gate, path: string, text: string): ReturnType<typeof run> {
  write(path, text);
  try {
    return run(gate);
  } finally {
    rmSync(join(tree, path));
  }
}

type Fault = readonly [what: string, name: string, text: string, said: string];

const lintFaults: readonly Fault[] = [
  [
    'a file read in the domain',
    'domain',
    "import { readFileSync } from 'node:fs';\nexport const x = readFileSync('x');\n",
    'the domain is pure',
  ],
  [
    'SQL in the domain',
    'domain',
    "import pg from 'pg';\nexport const x = pg;\n",
    'the domain is pure',
  ],
  [
    'NATS in the domain',
    'domain',
    "import { connect } from '@nats-io/transport-node';\nexport const x = connect;\n",
    'the domain is pure',
  ],
  [
    'the bus in the domain',
    'domain',
    "import { connectAs } from '@writ/bus';\nexport const x = connectAs;\n",
    'the domain is pure',
  ],
  [
    'more than zod in the contracts',
    'contracts',
    "import { v7 } from 'uuid';\nexport const x = v7;\n",
    'contracts import zod only',
  ],
  [
    'a clock in the domain',
    'domain',
    'export const x = Date.now();\n',
    'time arrives in the command',
  ],
  [
    'another clock in the domain',
    'domain',
    'export const x = performance.now();\n',
    'time arrives in the command',
  ],
  [
    'randomness in the domain',
    'domain',
    'export const x = Math.random();\n',
    'randomness arrive in the command',
  ],
  [
    'random ids in the domain',
    'domain',
    'export const x = crypto.randomUUID();\n',
    'randomness arrive in the command',
  ],
  [
    'a timer in the domain',
    'domain',
    'export const x = () => setTimeout(() => 1, 1);\n',
    'the domain does not wait',
  ],
  [
    'the environment in the domain',
    'domain',
    'export const x = process.pid;\n',
    'does not know where it runs',
  ],
  [
    'SQL in the bus',
    'bus',
    "import { sql } from 'kysely';\nexport const x = sql;\n",
    'only packages/readmodels speaks SQL',
  ],
  [
    'NATS in the read models',
    'readmodels',
    "import { connect } from '@nats-io/transport-node';\nexport const x = connect;\n",
    'only packages/bus speaks NATS',
  ],
  [
    'the environment in a package',
    'bus',
    'export const x = process.env.HOME;\n',
    'the environment is read once',
  ],
  [
    'a promise nobody waits for',
    'bus',
    'const work = async () => 1;\nexport const x = () => {\n  work();\n};\n',
    'no-floating-promises',
  ],
  [
    'a switch that forgot a case',
    'domain',
    "export const x = (a: 'b' | 'c') => {\n  switch (a) {\n    case 'b':\n      return 1;\n  }\n  return 2;\n};\n",
    'switch-exhaustiveness-check',
  ],
  ['a value of any type', 'domain', 'export const x = (a: any) => a;\n', 'no-explicit-any'],
  [
    'a silenced compiler',
    'domain',
    "// @ts-ignore\nexport const x: number = 'y';\n",
    'ban-ts-comment',
  ],
];

const otherFaults: readonly (readonly [...Fault, Gate])[] = [
  ['a wrong type', 'domain', "export const x: number = 'y';\n", 'TS2322', types],
  ['an index that may be absent', 'domain', 'export const x: number = [1][0];\n', 'TS2322', types],
  [
    'an enum, which type stripping cannot run',
    'domain',
    'export enum X {\n  A,\n}\n',
    'TS1294',
    types,
  ],
  ['another layout', 'domain', 'export const x = {a:1}\n', 'fault.ts format', format],
  ['a file that nobody imports', 'domain', "export const x = 'y';\n", 'fault.ts', unused],
  [
    'an import that leaves its package',
    'domain',
    "export { name } from '../../bus/src/index.ts';\n",
    'leaves the package',
    boundaries,
  ],
  [
    'an import of what is not declared',
    'domain',
    "export { parse } from 'yaml';\n",
    'is not a dependency',
    boundaries,
  ],
];

describe('lint', () => {
  test('is silent without a fault', () => expect(run(lint)).toMatchObject({ green: true }));

  test.each(lintFaults)('catches %s', (_what, name, text, said) => {
    const result = withFault(lint, `packages/${name}/src/fault.ts`, text);
    expect(result.said).toContain(said);
    expect(result.green).toBe(false);
  });

  test('lets tests of the domain use a clock', () => {
    const result = withFault(
      lint,
      'packages/domain/src/fault.unit.test.ts',
      'export const x = Date.now();\n',
    );
    expect(result).toMatchObject({ green: true });
  });
});

describe('the other gates', () => {
  test.each([types, format, unused, boundaries])('$tool is silent without a fault', (gate) => {
    expect(run(gate)).toMatchObject({ green: true });
  });

  test.each(otherFaults)('catch %s', (_what, name, text, said, gate) => {
    const result = withFault(gate, `packages/${name}/src/fault.ts`, text);
    expect(result.said).toContain(said);
    expect(result.green).toBe(false);
  });
});
