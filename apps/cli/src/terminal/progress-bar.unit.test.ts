import { describe, expect, test } from 'vitest';
import { barLine, plainLine, progressBar } from './progress-bar.ts';

describe('a line of progress', () => {
  test('says the share, the rate and the time left', () => {
    const progress = { what: 'loading', done: 250_000, total: 1_000_000 };
    expect(barLine(progress, 10_000)).toBe(
      `loading ${'█'.repeat(6)}${'░'.repeat(18)} 25 %  250,000 of 1,000,000  25,000/s  30 s left`,
    );
    expect(plainLine(progress, 10_000)).toBe(
      'loading 25 %  250,000 of 1,000,000  25,000/s  30 s left',
    );
  });

  test('has no time left at the end, and nothing to do is done', () => {
    expect(barLine({ what: 'loading', done: 10, total: 10 }, 1000)).not.toContain('left');
    expect(barLine({ what: 'loading', done: 0, total: 0 }, 0)).toContain('100 %');
  });
});

describe('a progress bar', () => {
  const written = (isTTY: boolean) => {
    const texts: string[] = [];
    let now = 0;
    const bar = progressBar({ isTTY, write: (text: string) => texts.push(text) }, () => now);
    return { texts, bar, at: (ms: number) => (now = ms) };
  };

  test('is drawn over in a terminal, not more often than people see', () => {
    const { texts, bar, at } = written(true);
    for (let ms = 0; ms < 1000; ms += 10) {
      at(ms);
      bar.show({ what: 'loading', done: ms, total: 1000 });
    }
    bar.end();
    expect(texts).toHaveLength(11);
    expect(texts.slice(0, -1).every((text) => text.startsWith('\r'))).toBe(true);
    expect(texts.at(-1)).toBe('\n');
  });

  test('is a plain line now and then where nobody watches', () => {
    const { texts, bar, at } = written(false);
    for (let ms = 0; ms < 11_000; ms += 100) {
      at(ms);
      bar.show({ what: ms < 8000 ? 'loading' : 'indexing', done: ms, total: 11_000 });
    }
    bar.end();
    expect(texts).toEqual([
      'loading 45 %  5,000 of 11,000  1,000/s  6 s left\n',
      'indexing 90 %  10,000 of 11,000  1,000/s  1 s left\n',
    ]);
  });

  test('says nothing of short work where nobody watches', () => {
    const { texts, bar, at } = written(false);
    for (const what of ['loading', 'indexing', 'catching up'])
      bar.show({ what, done: 1, total: 1 });
    at(4999);
    bar.show({ what: 'switching', done: 1, total: 1 });
    bar.end();
    expect(texts).toEqual([]);
  });
});
