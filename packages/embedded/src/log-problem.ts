import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { EmbeddedError, type EmbeddedErrorCode } from './embedded-error.ts';

const tailBytes = 64 * 1024;

const known: readonly {
  code: EmbeddedErrorCode;
  pattern: RegExp;
  says: (name: string) => string;
}[] = [
  {
    code: 'DISK_FULL',
    pattern:
      /no space left on device|disk quota exceeded|insufficient storage resources|insufficient resources/i,
    says: (name) =>
      `${name} can not write its data: the disk is full; free some space and start again`,
  },
  {
    code: 'PORT_TAKEN',
    pattern: /address already in use|could not bind IPv4 address/i,
    says: (name) =>
      `${name} can not listen: its port is taken by another program; stop that one or choose another port`,
  },
  {
    code: 'DATA_IN_USE',
    pattern: /lock file "postmaster\.pid" already exists|pre-existing shared memory block/i,
    says: (name) =>
      `another ${name} runs on the same data directory; stop that one or choose another directory`,
  },
  {
    code: 'DATA_UNREADABLE',
    pattern:
      /(?:FATAL|PANIC|\[FTL\]|initdb: error|nats-server:).*(?:permission denied|read-only file system|database files are incompatible|not a directory|has wrong ownership|has invalid permissions|could not access directory)/i,
    says: (name) => `${name} can not read or write its data directory; check who owns it`,
  },
];

/** The coded reason in what a server logged, with the line that says so; `undefined` when none is known. */
export function problemIn(name: string, log: string): EmbeddedError | undefined {
  const lines = log.split('\n');
  for (const { code, pattern, says } of known) {
    const line = lines.findLast((candidate) => pattern.test(candidate));
    if (line !== undefined)
      return new EmbeddedError(code, `${says(name)} (${line.trim().slice(0, 300)})`);
  }
  return undefined;
}

/** What was appended to a log since it had `from` bytes, at most the last 64 KiB of it. */
export function logEnd(path: string, from: number): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  // A log that became shorter was rotated: all of it is new.
  const start = Math.max(size < from ? 0 : from, size - tailBytes);
  if (size <= start) return '';
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(size - start);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, start));
  } finally {
    closeSync(file);
  }
}
