/** Where a verb's words go: data to standard output, everything else to standard error. */
import { createColors } from 'picocolors';
import type { CliFailure } from '../failure.ts';

export type Stream = {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};
export type Colours = ReturnType<typeof createColors>;

export type Output = {
  readonly json: boolean;
  readonly colours: Colours;
  /** Columns to write in; unbounded where standard output is not a terminal. */
  readonly width: number;
  /** The verb's one document: JSON when asked for, else what `render` makes of it. */
  document(value: unknown, render: () => string): void;
  /** One record of a stream: a line of JSON when asked for, else what `render` makes of it. */
  record(value: unknown, render: () => string): void;
  /** Words for people beside the document: with it, or on standard error when that is JSON. */
  tell(text: string): void;
  /** Progress and remarks, to standard error. */
  note(text: string): void;
  failure(failure: CliFailure, as: 'document' | 'stream'): void;
};

export function createOutput(options: {
  readonly json: boolean;
  readonly colour: boolean;
  readonly stdout: Stream;
  readonly stderr: Stream;
}): Output {
  const { json, stdout, stderr } = options;
  const colours = createColors(options.colour && stdout.isTTY === true && !json);
  const errorColours = createColors(options.colour && stderr.isTTY === true);
  const line = (text: string) => void stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return {
    json,
    colours,
    width: stdout.isTTY === true ? (stdout.columns ?? 100) : Number.POSITIVE_INFINITY,
    document: (value, render) => line(json ? JSON.stringify(value, null, 2) : render()),
    record: (value, render) => line(json ? JSON.stringify(value) : render()),
    tell: (text) => void (json ? stderr : stdout).write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    failure: (failure, as) => {
      if (json && as === 'document')
        line(JSON.stringify({ error: errorDocument(failure) }, null, 2));
      stderr.write(`${errorColours.red('error:')} ${failure.message}\n`);
      for (const detail of failure.details) {
        const said = `${detail.path === '' ? '' : `${errorColours.bold(detail.path)} `}${detail.message}`;
        if (!failure.message.includes(detail.message)) stderr.write(`  ${said}\n`);
      }
    },
  };
}

function errorDocument(failure: CliFailure): Record<string, unknown> {
  return {
    code: failure.code,
    message: failure.message,
    details: failure.details,
    exitCode: failure.exitCode,
  };
}
