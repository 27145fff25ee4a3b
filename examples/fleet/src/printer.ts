/** What the audience reads: chapters and steps, in colour where there is a terminal. */
import { setTimeout as wait } from 'node:timers/promises';
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

export type Printer = {
  /** Begins a chapter, after a pause in which the one before can be read. */
  chapter(title: string): Promise<void>;
  done(text: string): void;
  refused(text: string): void;
  note(text: string): void;
  text(text: string): void;
};

export type PrinterOptions = {
  readonly print: (line: string) => void;
  readonly colours: boolean;
  /** Between chapters, in milliseconds. */
  readonly pauseMs: number;
};

export function createPrinter({ print, colours, pauseMs }: PrinterOptions): Printer {
  const styled = (style: Style, text: string): string =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  let chapters = 0;
  return {
    async chapter(title) {
      if (chapters > 0 && pauseMs > 0) await wait(pauseMs);
      chapters++;
      print('');
      print(styled('bold', `${chapters}. ${title}`));
    },
    done: (text) => print(`   ${styled('green', '✓')} ${text}`),
    refused: (text) => print(`   ${styled('red', '✗')} ${text}`),
    note: (text) => print(styled('dim', `     ${text}`)),
    text: (text) => print(`   ${text}`),
  };
}
