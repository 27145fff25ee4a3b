/** The machine a bench ran on, and the memory of a tree of processes on it. */
import { readdir, readFile } from 'node:fs/promises';
import { arch, cpus, platform, release, totalmem } from 'node:os';

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly system: string;
  readonly node: string;
};

export function thisMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
  };
}

/** MiB of a process and all its descendants: proportional set size, so shared pages count once. 0 where /proc is missing. */
export async function treeMemoryMb(rootPid: number): Promise<number> {
  const parents = await parentsByPid();
  const inTree = (pid: number): boolean =>
    pid === rootPid || (parents.has(pid) && inTree(parents.get(pid) ?? 0));
  const sizes = await Promise.all([...parents.keys()].filter(inTree).map(proportionalKb));
  return Math.round(sizes.reduce((sum, kb) => sum + kb, 0) / 1024);
}

async function parentsByPid(): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  const entries = await readdir('/proc').catch(() => []);
  for (const entry of entries) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    // The name stands in brackets and may hold anything; the parent is the second field after it.
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent !== undefined) found.set(Number(entry), Number(parent));
  }
  return found;
}

async function proportionalKb(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
}
