/** `backup.json`: what a backup consists of. Without it, a directory is no backup. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkArchive } from '@writ/archive';
import { z } from 'zod';
import { CliFailure, exitCodes } from '../failure.ts';
import { readingArchive } from './archive-failure.ts';

const seq = z.int().nonnegative();

const contents = z.strictObject({
  format: z.literal('writ-backup'),
  version: z.literal(1),
  cell: z.string(),
  takenAt: z.string(),
  writ: z.string(),
  /** Everything of the log up to here is in it. */
  logSeq: seq,
  streams: z.array(
    z.strictObject({
      name: z.string(),
      file: z.string(),
      created: z.string(),
      /** The first sequence that the stream has, or would give next when it is empty. */
      firstSeq: seq,
      lastSeq: seq,
      count: seq,
      sha256: z.string(),
    }),
  ),
  /** Other files, with the SHA-256 of their bytes. */
  files: z.array(z.strictObject({ file: z.string(), sha256: z.string() })),
});

export type BackupContents = z.infer<typeof contents>;
export type BackedUpStream = BackupContents['streams'][number];

const manifest = z.strictObject({ ...contents.shape, sha256: z.string() });

export const MANIFEST = 'backup.json';

/** Writes the manifest, with a checksum of its own. */
export async function writeManifest(folder: string, value: BackupContents): Promise<void> {
  const file = await open(join(folder, MANIFEST), 'wx', 0o600);
  try {
    await file.writeFile(
      `${JSON.stringify({ ...value, sha256: sha256(JSON.stringify(value)) }, null, 2)}\n`,
    );
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Reads the manifest; fails when it is missing or damaged. */
export async function readManifest(folder: string): Promise<BackupContents> {
  const path = join(folder, MANIFEST);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new CliFailure(
      exitCodes.no,
      `\`${folder}\` holds no \`${MANIFEST}\`, so it is no whole backup; name a directory that \`writ backup\` made`,
      { cause },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(`\`${path}\` is damaged: it is not JSON`);
  }
  const parsed = manifest.safeParse(value);
  if (!parsed.success)
    throw damaged(
      `\`${path}\` is damaged: \`${parsed.error.issues[0]?.path.join('.') ?? ''}\` is not what it should be`,
    );
  const { sha256: said, ...rest } = parsed.data;
  if (said !== sha256(JSON.stringify(rest)))
    throw damaged(`\`${path}\` is damaged: its checksum differs`);
  return rest;
}

/** Reads everything that the backup consists of; fails at the first file and line that is not as it was written. */
export async function verifyBackup(
  folder: string,
  onStream?: (stream: BackedUpStream) => void,
): Promise<BackupContents> {
  const value = await readManifest(folder);
  for (const stream of value.streams) {
    const path = join(folder, stream.file);
    if (!existsSync(path)) throw damaged(`\`${path}\` is missing`);
    const { header, end } = await readingArchive(path, () => checkArchive(path));
    if (
      header.kind !== 'stream' ||
      header.streams[0]?.name !== stream.name ||
      end.sha256 !== stream.sha256
    )
      throw damaged(
        `\`${path}\` is whole, but not the file that \`${MANIFEST}\` names: it is of another backup`,
      );
    onStream?.(stream);
  }
  for (const { file, sha256: said } of value.files) {
    const path = join(folder, file);
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes === undefined) throw damaged(`\`${path}\` is missing`);
    if (sha256(bytes) !== said) throw damaged(`\`${path}\` is damaged: its checksum differs`);
  }
  return value;
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function damaged(message: string): CliFailure {
  return new CliFailure(exitCodes.no, message, { code: 'ARCHIVE_DAMAGED' });
}
