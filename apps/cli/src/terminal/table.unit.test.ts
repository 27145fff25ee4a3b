import { expect, test } from 'vitest';
import { createOutput, type Output } from './output.ts';
import { oneLine, renderFields, renderTable } from './table.ts';

function outputTo(text: string[], json = false): Output {
  const stream = { write: (part: string) => void text.push(part) };
  return createOutput({ json, colour: false, stdout: stream, stderr: { write: () => undefined } });
}

const out = outputTo([]);

test('a table has its titles, its rows below them and nothing to the right', () => {
  const rows = [
    { id: 'a', note: 'one' },
    { id: 'longer', note: '' },
  ];
  const columns = [
    { title: 'ID', cell: (row: (typeof rows)[number]) => row.id },
    { title: 'NOTE', cell: (row: (typeof rows)[number]) => row.note },
  ];
  expect(renderTable(out, columns, rows, 'nothing').split('\n')).toEqual([
    'ID      NOTE',
    'a       one',
    'longer',
  ]);
});

test('a table without rows says so', () => {
  expect(renderTable(out, [{ title: 'ID', cell: String }], [], 'no agents')).toBe('no agents');
});

test('fields without a value are left out', () => {
  const text = renderFields(out, [
    ['agent', 'a:b'],
    ['owner', null],
    ['labels', ''],
  ]);
  expect(text).toBe('agent  a:b');
});

test('what others wrote can not steer the terminal', () => {
  expect(oneLine('a\u001b[2J\u0007b\nc\u202ed')).toBe('a [2J b c d');
});

test('one document goes to standard output as JSON and nothing else does', () => {
  const text: string[] = [];
  const json = outputTo(text, true);
  json.note('progress');
  json.tell('a story');
  json.document({ items: [] }, () => 'for people');
  expect(JSON.parse(text.join(''))).toEqual({ items: [] });
});
