/** Rows in the text form that COPY reads. */
import { arrayLiteral, type ColumnType, storable, storableText } from './columns.ts';
import { columnNames, type Table } from './table.ts';

const CHUNK_CHARACTERS = 256 * 1024;

/** The statement that rows of this table are sent with. */
export function copyStatement<Row>(table: Table<Row>): string {
  return `copy ${table.name} (${columnNames(table).join(', ')}) from stdin`;
}

/** Rows as lines, many lines at a time. */
export function* copyChunks<Row>(table: Table<Row>, rows: Iterable<Row>): Generator<Buffer> {
  const columns = columnNames(table).map((name) => ({
    name,
    encode: encoders[table.columns[name]],
  }));
  let chunk = '';
  for (const row of rows) {
    let between = '';
    for (const { name, encode } of columns) {
      const value = row[name];
      chunk += between + (value === null || value === undefined ? '\\N' : encode(value));
      between = '\t';
    }
    chunk += '\n';
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield Buffer.from(chunk, 'utf8');
    chunk = '';
  }
  if (chunk !== '') yield Buffer.from(chunk, 'utf8');
}

type Encode = (value: unknown) => string;

/** Numbers and booleans read the same in JavaScript and SQL. */
const plain: Encode = String;
const text: Encode = (value) => escaped(storableText(String(value)));

const encoders: Readonly<Record<ColumnType, Encode>> = {
  text,
  timestamptz: text,
  integer: plain,
  bigint: plain,
  boolean: plain,
  numeric: plain,
  'double precision': plain,
  'text[]': (value) => escaped(arrayLiteral('text', storable(value) as readonly string[])),
  jsonb: (value) => escaped(JSON.stringify(storable(value))),
};

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

function escaped(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}
