/** What a slot of SNAPSHOTS holds, as its manifest says. */

export type Manifest = {
  readonly format: 1;
  /** `writing` from when the slot is taken until all parts are there. */
  readonly state: 'writing' | 'complete';
  readonly id: string;
  readonly fold: string;
  readonly foldVersion: number;
  /** Of which log, and up to which sequence of it. */
  readonly cell: string;
  readonly segment: number;
  readonly created: string;
  readonly seq: number;
  /** Of the event there: a log that lost its end goes on under the same sequences. */
  readonly eventId: string | null;
  readonly parts: number;
  /** Of the compressed content, and its checksum in hex. */
  readonly bytes: number;
  readonly sha256: string;
};

const shape: Readonly<Record<keyof Manifest, (value: unknown) => boolean>> = {
  format: (value) => value === 1,
  state: (value) => value === 'writing' || value === 'complete',
  id: isText,
  fold: isText,
  foldVersion: isCount,
  cell: isText,
  segment: isCount,
  created: isText,
  seq: isCount,
  eventId: (value) => value === null || isText(value),
  parts: isCount,
  bytes: isCount,
  sha256: isText,
};

/** The manifest in a message; `undefined` for anything that is not one of this format. */
export function readManifest(data: Uint8Array): Manifest | undefined {
  const value = parse(data);
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const whole = Object.entries(shape).every(([name, holds]) => holds(fields[name]));
  return whole ? (value as Manifest) : undefined;
}

function parse(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString('utf8'));
  } catch {
    return undefined;
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
