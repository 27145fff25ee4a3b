import { describe, expect, test } from 'vitest';
import { progressBar, progressLine } from './progress-bar.ts';

describe('a line of progress', () => {
  test('says the share, the rate and the time left', () => {
    expect(progressLine({ what: 'loading', done: 250_000, total: 1_000_000 }, 10_000)).toBe(
      `loading ${'█'.repeat(6)}${'░'.repeat(18)} 25 %  250,000 of 1,000,000  25,000/s  30 s left`,
    );
  });

  test('has no time left at the end, and nothing to do is done', () => {
    expect(progressLine({ what: 'loading', done: 10, total: 10 }, 1000)).not.toContain('left');
    expect(progressLine({ what: 'loading', done: 0, total: 0 }, 0)).toContain('100 %');
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

  test('is a line now and then where nobody watches, and at every new phase', () => {
    const { texts, bar, at } = written(false);
    for (let ms = 0; ms < 11_000; ms += 100) {
      at(ms);
      bar.show({ what: ms < 8000 ? 'loading' : 'indexing', done: ms, total: 11_000 });
    }
    bar.end();
    expect(texts.map((text) => text.split(' ')[0])).toEqual(['loading', 'loading', 'indexing']);
  });
});
