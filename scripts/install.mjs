// Keeps node_modules in step with package-lock.json (plain JavaScript for Node 18 and newer).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs `npm ci` when node_modules is missing or is not what the lockfile says. */
export function ensureInstalled(root) {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = join(root, 'node_modules', '.writ-installed');
  const wanted = createHash('sha256')
    .update(`${process.platform}-${process.arch}\n`)
    .update(lock)
    .digest('hex');
  if (textOf(stamp) === wanted) return;
  if (!isInstalled(JSON.parse(lock), textOf(join(root, 'node_modules', '.package-lock.json'))))
    install(root);
  writeFileSync(stamp, wanted);
}

/**
 * True when what npm noted down about node_modules has everything the lockfile asks for. What is optional
 * may be absent: it is for other platforms.
 */
export function isInstalled(lock, installedText) {
  if (installedText === undefined) return false;
  const installed = JSON.parse(installedText).packages;
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (!path.includes('node_modules/')) return true;
    const found = installed[path];
    if (found === undefined) return wanted.optional === true;
    return found.version === wanted.version && found.link === wanted.link;
  });
}

function install(root) {
  const first = !existsSync(join(root, 'node_modules'));
  process.stderr.write(
    first
      ? 'installing packages, only this once (about 20 s) …\n'
      : 'packages have changed, installing …\n',
  );
  const startedAt = Date.now();
  npm(root, process.execPath, ['ci', '--loglevel=error', '--no-audit', '--no-fund']);
  addWhatOldNodeLeftOut(root);
  process.stderr.write(`packages installed in ${Math.round((Date.now() - startedAt) / 1000)} s\n`);
}

/** The Node that comes as a package; some versions of npm do not link it into `.bin`. */
export function bundledNode(root) {
  const modules = join(root, 'node_modules');
  return [
    join(modules, '.bin', 'node'),
    join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node'),
  ].find((path) => existsSync(path));
}

/** npm skips optional packages that do not support the Node it runs on; ours runs on the bundled one. */
function addWhatOldNodeLeftOut(root) {
  const node = bundledNode(root);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19) || node === undefined) return;
  const lockFile = join(root, 'package-lock.json');
  const lock = readFileSync(lockFile, 'utf8');
  npm(root, node, [
    'install',
    '--no-save',
    '--ignore-scripts',
    '--loglevel=error',
    '--no-audit',
    '--no-fund',
  ]);
  if (readFileSync(lockFile, 'utf8') !== lock) writeFileSync(lockFile, lock);
}

function npm(root, node, args) {
  const cli = process.env.npm_execpath;
  const known = cli !== undefined && cli.endsWith('npm-cli.js');
  const [command, before] = known ? [node, [cli]] : ['npm', []];
  // Its own words are for standard error: standard output belongs to the command that was asked for.
  const { status, signal, error } = spawnSync(command, [...before, ...args], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status === 0) return;
  const why = error?.message ?? (signal === null ? `exit code ${status}` : signal);
  throw new Error(`\`npm ${args[0]}\` failed (${why}); run it by hand to see more`);
}

function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
