/** What `npm start`, `npm test` and `npm run writ` do before and around the program they run. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@writ/testkit';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
let tree = '';

const lockOf = (version: string) => ({
  packages: {
    '': { name: 'x' },
    'packages/a': { version: '0.1.0' },
    'node_modules/here': { version },
    'node_modules/elsewhere': { version: '1.0.0', optional: true },
  },
});

/** A checkout whose `npm` only notes down what it was asked, and installs what `installed.json` says. */
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'writ-bootstrap-'));
  onTestFinished(() => rmSync(tree, { recursive: true, force: true }));
  mkdirSync(join(tree, 'scripts'));
  mkdirSync(join(tree, 'bin'));
  for (const name of ['bootstrap', 'hand-over', 'install'])
    cpSync(join(root, 'scripts', `${name}.mjs`), join(tree, 'scripts', `${name}.mjs`));
  write('package-lock.json', JSON.stringify(lockOf('1.0.0')));
  write(
    'installed.json',
    JSON.stringify({ packages: { 'node_modules/here': { version: '1.0.0' } } }),
  );
  write(
    'bin/npm',
    '#!/bin/sh\necho "$@" >> calls\ntest -e broken && exit 7\nmkdir -p node_modules\ncp installed.json node_modules/.package-lock.json\n',
  );
  chmodSync(join(tree, 'bin', 'npm'), 0o755);
  write(
    'scripts/verify.mjs',
    'console.log(process.argv.slice(2).join(" ")); process.exitCode = 5;',
  );
});

function write(path: string, text: string): void {
  writeFileSync(join(tree, path), text);
}

function environment(): NodeJS.ProcessEnv {
  const { npm_execpath: _, ...rest } = process.env;
  return { ...rest, PATH: `${join(tree, 'bin')}${delimiter}${process.env['PATH']}` };
}

function run(...args: string[]) {
  const script = join(tree, 'scripts', 'bootstrap.mjs');
  return spawnSync(process.execPath, [script, ...args], {
    cwd: tree,
    env: environment(),
    encoding: 'utf8',
  });
}

const npmCalls = (): string[] =>
  existsSync(join(tree, 'calls'))
    ? readFileSync(join(tree, 'calls'), 'utf8').trim().split('\n')
    : [];

describe('a command of the checkout', () => {
  test('installs what is missing once, with words on standard error only', () => {
    const first = run('verify', 'one', '--two');
    expect(first.stdout).toBe('one --two\n');
    expect(first.stderr).toContain('installing packages, only this once');
    expect(first.status).toBe(5);
    const second = run('verify');
    expect(second.stderr).toBe('');
    expect(npmCalls()).toEqual(['ci --loglevel=error --no-audit --no-fund']);
  });

  test('installs again when the lockfile asks for something else', () => {
    run('verify');
    write('package-lock.json', JSON.stringify(lockOf('2.0.0')));
    write(
      'installed.json',
      JSON.stringify({ packages: { 'node_modules/here': { version: '2.0.0' } } }),
    );
    expect(run('verify').stderr).toContain('packages have changed');
    expect(npmCalls()).toHaveLength(2);
  });

  test('installs nothing when somebody has installed by hand', () => {
    mkdirSync(join(tree, 'node_modules'));
    cpSync(join(tree, 'installed.json'), join(tree, 'node_modules', '.package-lock.json'));
    expect(run('verify').status).toBe(5);
    expect(npmCalls()).toEqual([]);
  });

  test('says so when installing fails, and runs nothing', () => {
    write('broken', '');
    const failed = run('verify');
    expect(failed.status).toBe(3);
    expect(failed.stdout).toBe('');
    expect(failed.stderr).toContain('`npm ci` failed (exit code 7); run it by hand to see more');
    expect(existsSync(join(tree, 'node_modules', '.writ-installed'))).toBe(false);
  });

  test('that does not exist is refused with those that do', () => {
    const refused = run('begin');
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain(
      'there is no command `begin`; give one of: start, writ, test, chaos, verify',
    );
  });
});

describe('a signal', () => {
  const start = async (body: string): Promise<ChildProcess> => {
    write('scripts/verify.mjs', `${body}\nconsole.log('ready');\nsetInterval(() => {}, 1000);`);
    const script = join(tree, 'scripts', 'bootstrap.mjs');
    const child = spawn(process.execPath, [script, 'verify'], {
      cwd: tree,
      env: environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await eventually(() => said.includes('ready'));
    return child;
  };

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s reaches the program once and is waited for',
    async (signal) => {
      const child = await start(
        `let count = 0;
       process.on('${signal}', () => {
         count += 1;
         if (count === 1) setTimeout(() => process.exit(40 + count), 300);
       });`,
      );
      child.kill(signal);
      await eventually(() => child.exitCode !== null);
      expect(child.exitCode).toBe(41);
    },
  );

  test("of npm's shell that just dies of it still ends the program", async () => {
    write('scripts/verify.mjs', "console.log('ready', process.pid);\nsetInterval(() => {}, 1000);");
    const script = join(tree, 'scripts', 'bootstrap.mjs');
    const shell = spawn('sh', ['-c', `${process.execPath} ${script} verify; true`], {
      cwd: tree,
      env: { ...environment(), npm_lifecycle_event: 'verify' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    let closed = false;
    shell.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    shell.stdout.once('close', () => {
      closed = true;
    });
    await eventually(() => said.includes('ready'));
    shell.kill('SIGTERM');
    // Its standard output closes when the last that holds it, the program, has ended.
    await eventually(() => closed);
  });

  test('that ends the program ends the command in the same way', async () => {
    const child = await start('');
    child.kill('SIGTERM');
    await eventually(() => child.signalCode !== null);
    expect(child.signalCode).toBe('SIGTERM');
  });
});
