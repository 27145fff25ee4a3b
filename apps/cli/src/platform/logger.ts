/** The log: one JSON line per entry in a file, and a short line for people from `warn` on. Secrets never reach either. */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  destination,
  type Level,
  type Logger as PinoLogger,
  multistream,
  pino,
  type StreamEntry,
} from 'pino';
import type { Stream } from '../terminal/output.ts';
import { oneLine } from '../terminal/table.ts';

export type LogOptions = {
  readonly level: Level | 'silent';
  /** The file that gets every entry; none when left out. */
  readonly file?: string;
  /** Where people read warnings; none when left out. */
  readonly people?: Stream;
  /** Gets every entry as JSON, for containers; none when left out. */
  readonly lines?: Stream;
};

/** A log that is longer than this when it is opened makes room for a new one. */
const ROTATE_ABOVE_BYTES = 16 * 1024 * 1024;

export type OpenLog = { readonly log: PinoLogger; close(): void };

const redactedNames = [
  'secret',
  'seed',
  'pepper',
  'apiKey',
  'adminKey',
  'password',
  'authorization',
  'auth_token',
  'secretHash',
];

export function openLog(options: LogOptions): OpenLog {
  const level = options.level === 'silent' ? 'fatal' : options.level;
  const streams: StreamEntry[] = [];
  const file = options.file === undefined ? undefined : openFile(options.file);
  if (file !== undefined) streams.push({ level, stream: file });
  if (options.lines !== undefined)
    streams.push({ level, stream: asWritable(options.lines, (line) => line) });
  if (options.people !== undefined)
    streams.push({ level: 'warn', stream: asWritable(options.people, forPeople) });
  const log = pino(
    {
      level: options.level,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date(Date.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: redactedNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[redacted]',
      },
      hooks: { streamWrite: withoutSecrets },
    },
    multistream(streams),
  );
  return { log, close: () => file?.flushSync() };
}

/** Secrets inside any text: API keys, nkey seeds, passwords in addresses, the ingest prefix. */
export function withoutSecrets(line: string): string {
  return line
    .replace(/\b(writ_[a-z0-9]{10,20}_)[A-Za-z0-9_-]+/g, '$1[redacted]')
    .replace(/\bS[UAOPNC][A-Z2-7]{56}\b/g, '[redacted]')
    .replace(/\b(_writ\.)[0-9a-f]{32}\b/g, '$1[redacted]')
    .replace(/(\w+:\/\/[^:@/\s"]*):[^@/\s"]+@/g, '$1:[redacted]@');
}

function openFile(path: string): ReturnType<typeof destination> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > ROTATE_ABOVE_BYTES)
    renameSync(path, `${path}.1`);
  return destination({
    dest: path,
    append: true,
    mode: 0o600,
    sync: false,
    minLength: 4096,
    periodicFlush: 500,
  });
}

function asWritable(
  stream: Stream,
  shape: (line: string) => string,
): { write(line: string): void } {
  return { write: (line) => void stream.write(shape(line)) };
}

type Entry = {
  readonly level?: string;
  readonly msg?: string;
  readonly role?: string;
  readonly err?: unknown;
};

/** `warn governor: …` */
function forPeople(line: string): string {
  const entry = JSON.parse(line) as Entry;
  const role = entry.role === undefined ? '' : `${entry.role}: `;
  return `${entry.level ?? 'info'} ${role}${oneLine(`${entry.msg ?? ''}${reasonOf(entry.err)}`)}\n`;
}

function reasonOf(error: unknown): string {
  if (typeof error === 'string') return `: ${error}`;
  const message = (error as { readonly message?: unknown } | undefined)?.message;
  return typeof message === 'string' ? `: ${message}` : '';
}
