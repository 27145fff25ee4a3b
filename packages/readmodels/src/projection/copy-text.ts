/** Rows in the text form that COPY reads, written as bytes: whole tables go through it, so nothing is made on the way. */
import { arrayLiteral, type ColumnType, storable, storableText } from './columns.ts';
import { columnNames, type Table } from './table.ts';

const CHUNK_BYTES = 256 * 1024;

/** The statement that rows are sent with to a table of the same transaction: no vacuum has to look at them again. */
export function copyStatement<Row>(table: Table<Row>): string {
  return `copy ${table.name} (${columnNames(table).join(', ')}) from stdin with (freeze)`;
}

/** Rows as lines, in chunks that may end anywhere. */
export function copyChunks<Row>(table: Table<Row>, rows: Iterable<Row>): readonly Buffer[] {
  const columns = columnNames(table).map((name) => ({ name, type: table.columns[name] }));
  const lines = new CopyLines();
  for (const row of rows) {
    let end = 0;
    for (const { name, type } of columns) {
      if (end !== 0) lines.end(end);
      lines.value(type, row[name]);
      end = TAB;
    }
    lines.end(NEW_LINE);
  }
  return lines.take();
}

const TAB = 9;
const NEW_LINE = 10;
const BACKSLASH = 92;
const ZERO = 48;
const FIRST_PRINTABLE = 32;
const LAST_PRINTABLE = 126;
/** What a unit of UTF-16 takes in UTF-8, at most. */
const MOST_BYTES = 3;
/** Digits of the largest number of 31 bits. */
const MOST_DIGITS = 10;

class CopyLines {
  readonly #full: Buffer[] = [];
  #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #at = 0;

  take(): readonly Buffer[] {
    this.#close();
    return this.#full;
  }

  /** The byte behind a value. */
  end(byte: number): void {
    this.#reserve(1);
    this.#chunk[this.#at++] = byte;
  }

  value(type: ColumnType, value: unknown): void {
    if (value === null || value === undefined) this.#ascii('\\N');
    else if (type === 'text[]') this.#text(arrayLiteral('text', value as readonly string[]));
    else if (type === 'jsonb') this.#text(storableJson(value));
    else if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'number' && (value & 0x7fffffff) === value) this.#digits(value);
    else this.#ascii(plain(value));
  }

  /** Nearly all text is printable ASCII and goes as it is. */
  #text(text: string): void {
    const { length } = text;
    this.#reserve(length);
    const chunk = this.#chunk;
    let at = this.#at;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code < FIRST_PRINTABLE || code > LAST_PRINTABLE || code === BACKSLASH)
        return this.#anyText(text);
      chunk[at++] = code;
    }
    this.#at = at;
  }

  #anyText(text: string): void {
    const stored = escaped(storableText(text));
    this.#reserve(stored.length * MOST_BYTES);
    this.#at += this.#chunk.write(stored, this.#at, 'utf8');
  }

  #ascii(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#chunk[this.#at++] = text.charCodeAt(i);
  }

  #digits(value: number): void {
    this.#reserve(MOST_DIGITS);
    let count = 1;
    for (let rest = value; rest > 9; rest = (rest / 10) | 0) count++;
    let rest = value;
    for (let at = this.#at + count - 1; at >= this.#at; at--) {
      const tens = (rest / 10) | 0;
      this.#chunk[at] = ZERO + rest - tens * 10;
      rest = tens;
    }
    this.#at += count;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#chunk.length) return;
    this.#close();
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes));
    this.#at = 0;
  }

  #close(): void {
    if (this.#at > 0) this.#full.push(this.#chunk.subarray(0, this.#at));
  }
}

/** Numbers and booleans read the same in JavaScript and SQL. */
const plain: (value: unknown) => string = String;

/** JSON spells out by `\u` whatever Postgres does not store, among others. */
function storableJson(value: unknown): string {
  const json = JSON.stringify(value);
  return json.includes('\\u') ? JSON.stringify(storable(value)) : json;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

function escaped(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}
