/** One shell in which a page is typed: what it sets stays set, and every call of `writ` is known with its exit code. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './markdown.ts';

export type Typed = {
  /** Standard output and standard error, as a terminal shows them. */
  readonly printed: string;
  /** Exit codes of the calls of `writ` and `curl`, in order. */
  readonly codes: readonly number[];
};

export type Shell = { type(commands: string): Promise<Typed>; close(): Promise<void> };

const PRELUDE = `
counted() { "$@" </dev/null; local code=$?; echo $code >> "$CODES"; return $code; }
writ() { counted node "$PROGRAM" "$@"; }
curl() { counted command curl --silent --show-error --fail-with-body "$@"; }
`;

/** Opens a shell in a folder, with nothing of this process's own settings in its environment. */
export async function openShell(
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Shell> {
  const codes = join(cwd, '.codes');
  const bash = spawn('bash', ['--noprofile', '--norc'], {
    cwd,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: `${join(process.execPath, '..')}:/usr/local/bin:/usr/bin:/bin`,
      PROGRAM: join(root, 'apps/cli/src/main.ts'),
      CODES: codes,
      ...env,
    },
  });
  const ended = new Promise<void>((resolve) => bash.once('close', () => resolve()));
  let heard = '';
  let onHeard = (): void => undefined;
  bash.stdout.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
    onHeard();
  });
  bash.stdin.write(`exec 2>&1\n${PRELUDE}`);
  return {
    async type(commands) {
      const mark = `--${randomUUID()}--\n`;
      await writeFile(codes, '');
      bash.stdin.write(`${commands}\necho "${mark.trimEnd()}"\n`);
      const over = ended.then(() => {
        throw new Error(`the shell ended: ${heard}`);
      });
      const answered = new Promise<void>((resolve) => {
        onHeard = () => heard.endsWith(mark) && resolve();
      });
      await Promise.race([answered, over]);
      const printed = heard.slice(0, -mark.length);
      heard = '';
      const lines = (await readFile(codes, 'utf8')).split('\n').filter(Boolean);
      return { printed, codes: lines.map(Number) };
    },
    async close() {
      bash.stdin.end();
      await ended;
    },
  };
}
