import { execFile } from 'node:child_process';
import { chownSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedError, fileProblem } from './embedded-error.ts';
import { problemIn } from './log-problem.ts';
import type { Account } from './postgres-account.ts';
import type { PostgresPrograms } from './postgres-binary.ts';

export type Initialisation = {
  readonly programs: PostgresPrograms;
  readonly home: string;
  readonly account: Account | undefined;
  readonly superuserPassword: string;
  /** Waits until the new files are on the disk. */
  readonly sync: boolean;
};

/** Makes the database files once, in a folder of another name first: half an initialisation is never used. */
export async function initialise(options: Initialisation): Promise<string> {
  const data = join(options.home, 'data');
  if (existsSync(join(data, 'PG_VERSION'))) return data;
  const fresh = join(options.home, 'data.new');
  const passwordFile = join(options.home, 'initial-password');
  try {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(data, { recursive: true, force: true });
    writeFileSync(passwordFile, options.superuserPassword, { mode: 0o600 });
    if (options.account !== undefined)
      chownSync(passwordFile, options.account.uid, options.account.gid);
    await initdb(options, fresh, passwordFile);
    renameSync(fresh, data);
    return data;
  } catch (thrown) {
    throw fileProblem(options.home, thrown);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function initdb(options: Initialisation, data: string, passwordFile: string): Promise<void> {
  const args = [
    ...[
      '-D',
      data,
      '-U',
      'postgres',
      '--pwfile',
      passwordFile,
      '-A',
      'scram-sha-256',
      '-E',
      'UTF8',
    ],
    ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...(options.sync ? [] : ['-N']),
  ];
  await new Promise<void>((resolve, reject) => {
    execFile(
      options.programs.initdb,
      args,
      { cwd: options.home, env: {}, ...options.account },
      (error, stdout, stderr) => {
        if (error === null) return resolve();
        const said = `${stdout}\n${stderr}`;
        const last = stderr.trim().split('\n').at(-1) ?? '';
        reject(
          problemIn('postgres', said) ??
            new EmbeddedError('SERVER_FAILED', `the database could not be made: ${last}`, error),
        );
      },
    );
  });
}
