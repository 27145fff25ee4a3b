import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedError, fileProblem, systemCode } from './embedded-error.ts';

/** `superuser` belongs to the launcher; `password` is that of the role `writ`, which owns its databases only. */
export type PostgresCredentials = { readonly superuser: string; readonly password: string };

/** The passwords of a data directory, made at its first start and kept in a file that only its owner reads. */
export function postgresCredentials(dataDir: string): PostgresCredentials {
  const path = join(dataDir, 'postgres-credentials.json');
  try {
    return parse(path, readFileSync(path, 'utf8'));
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw fileProblem(path, thrown);
  }
  const made = {
    superuser: randomBytes(24).toString('hex'),
    password: randomBytes(24).toString('hex'),
  };
  try {
    writeFileSync(`${path}.new`, `${JSON.stringify(made)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (thrown) {
    throw fileProblem(path, thrown);
  }
  return made;
}

function parse(path: string, text: string): PostgresCredentials {
  try {
    const read = JSON.parse(text) as PostgresCredentials;
    // Hex only: the passwords are put into SQL and addresses as they are.
    if (/^[0-9a-f]{16,}$/.test(read.superuser) && /^[0-9a-f]{16,}$/.test(read.password))
      return read;
  } catch {
    // Said below.
  }
  throw new EmbeddedError(
    'DATA_UNREADABLE',
    `\`${path}\` is damaged; restore it from a backup, the database can not be opened without it`,
  );
}
