/** `<data dir>/connection.json`: what a running platform says of itself to the user's other terminals. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CliFailure, exitCodes } from './failure.ts';

const connection = z.strictObject({
  natsUrl: z.string(),
  httpUrl: z.string(),
  databaseUrl: z.string(),
  adminKey: z.string(),
  tenant: z.string(),
  pid: z.int(),
  roles: z.array(z.string()),
});

export type Connection = z.infer<typeof connection>;

export function connectionFile(dataDir: string): string {
  return join(dataDir, 'connection.json');
}

/** Reads it; `undefined` when there is none; a file that is not one is a failure. */
export function readConnection(dataDir: string): Connection | undefined {
  const path = connectionFile(dataDir);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CliFailure(
      exitCodes.unreachable,
      `\`${path}\` can not be read (${String(code)}); run as the user who started it`,
      { cause },
    );
  }
  try {
    return connection.parse(JSON.parse(text));
  } catch (cause) {
    throw new CliFailure(
      exitCodes.unreachable,
      `\`${path}\` is damaged; start the platform again with \`writ up\``,
      { cause },
    );
  }
}

/** Writes it whole or not at all, readable by its owner only. */
export function writeConnection(dataDir: string, value: Connection): void {
  const path = connectionFile(dataDir);
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

export function removeConnection(dataDir: string): void {
  rmSync(connectionFile(dataDir), { force: true });
}
