/**
 * Columns as Postgres reads them from one array parameter each: the text form of arrays, made here because whole
 * batches go through it, and the two kinds of text that Postgres does not store, replaced.
 */

export type ColumnType =
  | 'text'
  | 'integer'
  | 'bigint'
  | 'boolean'
  | 'double precision'
  | 'numeric'
  | 'timestamptz'
  | 'text[]'
  | 'jsonb';

/** The type of the array elements a column is sent as; what can not be an element of `unnest` goes as text. */
export function elementType(type: ColumnType): string {
  return type === 'text[]' || type === 'jsonb' ? 'text' : type;
}

/** The values of one column as a Postgres array in text form. */
export function arrayLiteral(type: ColumnType, values: readonly unknown[]): string {
  const encode = encoders[type];
  let out = '{';
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (i > 0) out += ',';
    out += value === null || value === undefined ? 'NULL' : encode(value);
  }
  return `${out}}`;
}

const encoders: Record<ColumnType, (value: unknown) => string> = {
  text: quoted,
  timestamptz: quoted,
  integer: String,
  bigint: String,
  boolean: String,
  numeric: String,
  'double precision': String,
  'text[]': (value) => quoted(arrayLiteral('text', value as readonly string[])),
  jsonb: (value) => quoted(JSON.stringify(value)),
};

const NEEDS_ESCAPE = /["\\]/;

function quoted(value: unknown): string {
  const text = String(value);
  return NEEDS_ESCAPE.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}

const REPLACEMENT = '\u{fffd}';

/** Text as Postgres can store it: NUL and lone surrogates become U+FFFD, as a UTF-8 encoder does it. */
export function storableText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', REPLACEMENT) : wellFormed;
}

/** The same for everything inside a value; gives the value itself where nothing is to be replaced. */
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(storable);
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  const entries = Object.entries(value);
  const stored = entries.map(([name, item]) => [storableText(name), storable(item)] as const);
  return stored.some(([name, item], i) => name !== entries[i]?.[0] || item !== entries[i]?.[1])
    ? Object.fromEntries(stored)
    : value;
}
