// Runs a script of this repository on a Node that can (plain JavaScript for Node 18 and newer).
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledNode, ensureInstalled } from './install.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const oldest = [22, 22, 2];

/** Installs what is missing, runs `[script, ...args]` and ends this process as that one ended. */
export function handOver([script, ...args]) {
  try {
    ensureInstalled(root);
    run(chooseNode(), [join(root, script), ...args]);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(3);
  }
}

function chooseNode() {
  const bundled = bundledNode(root);
  if (bundled !== undefined) return bundled;
  if (isNewEnough(process.versions.node)) return process.execPath;
  throw new Error(
    `Writ needs Node ${oldest.join('.')} or newer, this is ${process.versions.node}, ` +
      `and there is no bundled one for ${process.platform}-${process.arch}; install a newer Node from https://nodejs.org`,
  );
}

/** @param {string} version */
export function isNewEnough(version) {
  const parts = version.split('.').map(Number);
  for (const [index, least] of oldest.entries()) {
    if (parts[index] !== least) return (parts[index] ?? 0) > least;
  }
  return true;
}

function run(node, args) {
  const folders = [join(root, 'node_modules', '.bin'), dirname(node), process.env.PATH ?? ''];
  const child = spawn(node, args, {
    stdio: 'inherit',
    env: { ...process.env, PATH: folders.join(delimiter) },
  });
  // A terminal gives Ctrl-C to the child itself: passing it on would make it two.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => process.stdin.isTTY || child.kill('SIGHUP'));
  endWithShell(child);
  child.once('error', (error) => {
    process.stderr.write(`cannot run \`${node}\`: ${error.message}\n`);
    process.exit(3);
  });
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/** npm passes signals to the shell between it and us, and that one just dies of them. */
function endWithShell(child) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 250);
}
