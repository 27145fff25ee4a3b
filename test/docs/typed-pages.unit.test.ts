import { expect, test } from 'vitest';
import { compareOutput, withIds } from './shown-output.ts';
import { stepsOf } from './steps.ts';

const noIds = new Map<string, string>();
const theirs = '01a1f92d-124c-74eb-8362-b527ec38fd93';
const ours = '856ecd9d-86e5-89b4-a3fb-0c74c1282eac';

test('a page is what is typed, each time with the output that follows at once', () => {
  const text = [
    '```sh\nwrit status\n```\nIt prints:\n```text\nplatform  ready\n```\n```text\na remark\n```',
    '```sh\ncat > a <<X\nb\nX\n```\n```yaml\nb: 1\n```\n```\nnot of it\n```',
    '```console\n$ writ ask a \\\n    b\ndeny\n$ writ status\n```\n',
  ].join('\n');
  expect(stepsOf({ path: 'x.md', text })).toEqual([
    { commands: 'writ status\n', shown: ['platform  ready'] },
    { commands: 'cat > a <<X\nb\nX\n', shown: [] },
    { commands: 'writ ask a \\\n    b\n', shown: ['deny'] },
    { commands: 'writ status\n', shown: [] },
  ]);
});

test('times, sequences and the width of columns may differ, and lines may be left out', () => {
  const printed =
    'AT                    N\n7  2026-11-20 16:15:29Z  5 ms  1.000\nmore\nlast (event 12)';
  const shown = ['AT  N', '123  2027-01-01 00:00:00Z  90 ms  1.000', 'last (event 3)'];
  expect(compareOutput(shown, printed, noIds)).toEqual({ ids: noIds });
});

test.each([
  ['a figure', ['trust  242 of 1000'], 'trust  194 of 1000'],
  ['a word', ['deny NO_GRANT'], 'deny NO_GRANTS'],
  ['a line that is not printed', ['allow', '  approved'], 'allow'],
  ['the order', ['b', 'a'], 'a\nb'],
])('what differs otherwise is named: %s', (_, shown, printed) => {
  expect(compareOutput(shown, printed, noIds).missing).toBe(shown.at(-1));
});

test('ids of the page stand for those of the run, from the line on that shows them', () => {
  const { ids } = compareOutput([`grant ${theirs} is issued`], `grant ${ours} is issued`, noIds);
  expect(withIds(`writ grants show ${theirs}`, ids)).toBe(`writ grants show ${ours}`);
  expect(compareOutput([theirs], ours, ids).missing).toBeUndefined();
  expect(compareOutput([theirs], theirs, ids).missing).toBe(theirs);
});
