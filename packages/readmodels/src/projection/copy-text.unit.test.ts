import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ColumnType } from './columns.ts';
import { copyChunks } from './copy-text.ts';
import type { Table } from './table.ts';

const sent = (type: ColumnType, ...values: readonly unknown[]): string => {
  const table: Table<{ v: unknown }> = {
    name: 't',
    key: ['v'],
    columns: { v: type },
    onConflict: 'keep',
  };
  const rows = values.map((v) => ({ v }));
  return Buffer.concat([...copyChunks(table, rows)]).toString('utf8');
};

describe('rows for COPY', () => {
  test('are lines of values with tabs between them', () => {
    const table: Table<{ a: string; b: number | null; c: boolean }> = {
      name: 't',
      key: ['a'],
      columns: { a: 'text', b: 'bigint', c: 'boolean' },
      onConflict: 'keep',
    };
    const rows = [
      { a: '', b: 1, c: true },
      { a: 'x', b: null, c: false },
    ];
    expect(Buffer.concat([...copyChunks(table, rows)]).toString()).toBe(
      '\t1\ttrue\nx\t\\N\tfalse\n',
    );
    expect(copyChunks(table, [])).toEqual([]);
  });

  test.each([
    ['text', 'tab\tline\nreturn\rback\\', 'tab\\tline\\nreturn\\rback\\\\'],
    ['text', 'é🙂\u007f', 'é🙂\u007f'],
    ['text', 'a\0b\ud800', 'a\u{fffd}b\u{fffd}'],
    ['timestamptz', '2026-11-20T09:08:07.006Z', '2026-11-20T09:08:07.006Z'],
    ['text[]', ['a', 'b"\\', 'c\0'], '{"a","b\\\\"\\\\\\\\","c\u{fffd}"}'],
    ['text[]', [], '{}'],
    ['jsonb', { a: 'x\n\0' }, '{"a":"x\\\\n\u{fffd}"}'],
    ['jsonb', 'text', '"text"'],
    ['jsonb', [1], '[1]'],
    ['numeric', '1.500', '1.500'],
  ] as const)('a %s: %j', (type, value, text) => {
    expect(sent(type, value)).toBe(`${text}\n`);
  });

  test('numbers are written as JavaScript writes them', () => {
    const edges = [0, -0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, -1, 0.5, 1e21, 2 ** 53 - 1];
    expect(sent('double precision', ...edges)).toBe(`${edges.map(String).join('\n')}\n`);
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double()), (value) => {
        expect(sent('double precision', value)).toBe(`${String(value)}\n`);
      }),
    );
  });

  test('any text is sent as it is, but for the four characters that COPY reads its own way', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
        const special: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n' };
        const lines = texts.map(
          (text) =>
            `${text
              .replaceAll('\0', '\u{fffd}')
              .replace(/[\\\t\n]/g, (c) => special[c] ?? c)
              .replaceAll('\r', '\\r')}\n`,
        );
        expect(sent('text', ...texts)).toBe(lines.join(''));
      }),
    );
  });

  test('no row is lost or torn where chunks end, however long its values are', () => {
    const values = Array.from({ length: 300 }, (_, i) =>
      (i % 3 === 0 ? 'ö' : 'x').repeat((i * 7919) % 5000),
    );
    values.splice(100, 0, 'y'.repeat(700_000), '\\'.repeat(300_000));
    const expected = values.map((value) => `${value.replaceAll('\\', '\\\\')}\n`).join('');
    expect(sent('text', ...values) === expected).toBe(true);
  });
});
