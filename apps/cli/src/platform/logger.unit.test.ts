import { expect, test } from 'vitest';
import { openLog, withoutSecrets } from './logger.ts';

function capture() {
  const text: string[] = [];
  return { text, stream: { write: (line: string) => void text.push(line) } };
}

const apiKey = 'writ_abcdefghij0123_s3cretS3cretS3cret';
const seed = 'SUAABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRSTUVW';

test.each([
  ['an API key', `refused ${apiKey} twice`, 'refused writ_abcdefghij0123_[redacted] twice'],
  ['an nkey seed', `seed ${seed}.`, 'seed [redacted].'],
  [
    'a password in an address',
    'postgres://writ:pa55@127.0.0.1:5432/writ',
    'postgres://writ:[redacted]@127.0.0.1:5432/writ',
  ],
  ['the ingest prefix', `_writ.${'0a'.repeat(16)}.default.evt.x`, '_writ.[redacted].default.evt.x'],
])('%s in a text does not reach the log', (_what, text, safe) => {
  expect(withoutSecrets(text)).toBe(safe);
});

test('secrets by name and inside texts are redacted in every stream', () => {
  const lines = capture();
  const people = capture();
  const { log } = openLog({ level: 'debug', lines: lines.stream, people: people.stream });
  log.child({ role: 'governor' }).warn({ apiKey, nested: { seed } }, `login of ${apiKey} failed`);
  const all = [...lines.text, ...people.text].join('');
  expect(all).not.toContain('s3cret');
  expect(all).not.toContain(seed);
  expect(people.text).toEqual(['warn governor: login of writ_abcdefghij0123_[redacted] failed\n']);
});

test('people read warnings and errors only, the lines hold everything of the level', () => {
  const lines = capture();
  const people = capture();
  const { log } = openLog({ level: 'info', lines: lines.stream, people: people.stream });
  log.debug('a detail');
  log.info('a step');
  log.error({ err: new Error('the cause') }, 'it failed');
  expect(lines.text.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    'a step',
    'it failed',
  ]);
  expect(people.text).toEqual(['error it failed: the cause\n']);
});
