/** Rows in the text form that COPY reads. */
import { arrayLiteral, type ColumnType } from './columns.ts';
import { columnNames, storableRow, type Table } from './table.ts';

const CHUNK_CHARACTERS = 256 * 1024;

/** The statement that rows of this table are sent with. */
export function copyStatement<Row>(table: Table<Row>): string {
  return `copy ${table.name} (${columnNames(table).join(', ')}) from stdin`;
}

/** Rows as lines, many lines at a time. */
export function* copyChunks<Row>(table: Table<Row>, rows: Iterable<Row>): Generator<Buffer> {
  const columns = columnNames(table);
  const types = columns.map((column) => table.columns[column]);
  let chunk = '';
  for (const row of rows) {
    const stored = storableRow(table, row);
    for (let i = 0; i < columns.length; i++) {
      const type = types[i];
      const column = columns[i];
      if (type === undefined || column === undefined) continue;
      chunk += `${i === 0 ? '' : '\t'}${fieldOf(type, stored[column])}`;
    }
    chunk += '\n';
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield Buffer.from(chunk, 'utf8');
    chunk = '';
  }
  if (chunk !== '') yield Buffer.from(chunk, 'utf8');
}

function fieldOf(type: ColumnType, value: unknown): string {
  if (value === null || value === undefined) return '\\N';
  if (type === 'text[]') return escaped(arrayLiteral('text', value as readonly string[]));
  if (type === 'jsonb') return escaped(JSON.stringify(value));
  return escaped(plain(value));
}

/** Numbers and booleans read the same in JavaScript and SQL. */
const plain: (value: unknown) => string = String;

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
