import { readdir, readFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';

/**
 * Stops a process with SIGSTOP, and comes back once it stands still.
 *
 * `kill(2)` returns before the signal takes effect: for a moment other threads of the process still
 * answer what they are asked. The process goes on with SIGCONT.
 */
export async function freeze(pid: number | undefined): Promise<void> {
  if (!pid) throw new Error('there is no process to stop: it was never started');
  process.kill(pid, 'SIGSTOP');
  await eventually(async () => (await states(pid)).every((state) => state.startsWith('T')));
}

/** What each thread of a process is doing, by the letters of `ps`; elsewhere than on Linux, of the process as one. */
async function states(pid: number): Promise<string[]> {
  if (process.platform !== 'linux') {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'state=', '-p', String(pid)]);
    return [stdout.trim()];
  }
  const threads = await readdir(`/proc/${pid}/task`);
  return Promise.all(
    threads.map(async (thread) => {
      const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2);
    }),
  );
}
