/** Tables for people. What others wrote loses its control characters before it reaches a terminal. */
import Table from 'cli-table3';
import type { Output } from './output.ts';

type Paint = (text: string) => string;

export type Column<Row> = {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly paint?: (row: Row) => Paint;
};

export type Field = readonly [name: string, value: string | null | undefined, paint?: Paint];

const plain = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

const unpainted: Paint = (text) => text;

/** Rows under titles; `empty` is said when there are none. */
export function renderTable<Row>(
  out: Output,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  empty: string,
): string {
  if (rows.length === 0) return out.colours.dim(empty);
  const table = new Table({
    head: columns.map((column) => out.colours.bold(column.title)),
    chars: plain,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows)
    table.push(
      columns.map((column) => (column.paint?.(row) ?? unpainted)(oneLine(column.cell(row)))),
    );
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Names and values of one thing, one per line; absent values are left out. */
export function renderFields(out: Output, fields: readonly Field[]): string {
  const shown = fields.filter(([, value]) => (value ?? '') !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(
      ([name, value, paint = unpainted]) =>
        `${out.colours.dim(name.padEnd(width))}  ${paint(oneLine(value ?? ''))}`,
    )
    .join('\n');
}

/** Text on one line, without the characters that would steer a terminal. */
export function oneLine(text: string): string {
  return indentedLine(text).trim();
}

/** The same of a line of code, whose indentation counts. */
export function indentedLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}
