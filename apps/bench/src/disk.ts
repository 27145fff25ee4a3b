/** What directories take of the disk, and whether there is room for more. */
import { readdir, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 2 ** 20;

/** MiB of all files below a directory; files that go while it looks are left out. */
export async function directoryMb(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const blocks = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ blocks }) => blocks,
          () => 0,
        ),
      ),
  );
  return Math.round((blocks.reduce((sum, count) => sum + count, 0) * 512) / MIB);
}

/** Throws where the temporary directory has less room than that. */
export async function demandRoom(bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(tmpdir());
  if (bavail * bsize >= bytes) return;
  const [needed, free] = [bytes, bavail * bsize].map((size) => Math.ceil(size / 2 ** 30));
  throw new Error(
    `\`${tmpdir()}\` has ${free} GiB free and ${needed} are needed; make room, name another directory in TMPDIR, or measure smaller logs`,
  );
}
