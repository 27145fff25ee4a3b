/** Writing an archive: under another name until it is whole, readable by its owner only. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { finished } from 'node:stream/promises';
import {
  ARCHIVE_FORMAT,
  ARCHIVE_VERSION,
  type ArchivedMessage,
  type ArchiveHeader,
  toLine,
} from './format.ts';
import { LineChain } from './line-chain.ts';

export type WrittenArchive = {
  readonly count: number;
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  /** The checksum over all lines; the last line holds it too. */
  readonly sha256: string;
  /** The size of the file. */
  readonly bytes: number;
};

export type ArchiveWriter = {
  /** Adds messages in the order of their sequences; waits while the disk is behind. */
  add(messages: readonly ArchivedMessage[]): Promise<void>;
  /** Writes the last line, syncs, and gives the file its name. */
  finish(): Promise<WrittenArchive>;
  /** Leaves nothing behind; does nothing after `finish`. */
  discard(): Promise<void>;
};

export type HeaderFields = Omit<ArchiveHeader, 'format' | 'version'>;

/** Begins an archive at a path where nothing is yet. */
export async function createArchive(path: string, fields: HeaderFields): Promise<ArchiveWriter> {
  const draft = `${path}.${process.pid}.partial`;
  const compress = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const file = createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true });
  await once(file, 'open');
  compress.pipe(file);
  const written = finished(file);
  const failed = Promise.race([written, finished(compress)]);
  failed.catch(() => undefined);
  written.catch(() => undefined);
  const chain = new LineChain();
  let [count, firstSeq, lastSeq]: [number, number | null, number | null] = [0, null, null];
  let done = false;

  async function write(text: string): Promise<void> {
    if (!compress.write(text)) await Promise.race([once(compress, 'drain'), failed]);
  }

  const header: ArchiveHeader = { format: ARCHIVE_FORMAT, version: ARCHIVE_VERSION, ...fields };
  await write(`${chain.seal(header)}\n`);
  return {
    async add(messages) {
      let text = '';
      for (const message of messages) {
        if (lastSeq !== null && message.seq <= lastSeq)
          throw new RangeError(`message ${message.seq} comes after ${lastSeq}`);
        count++;
        firstSeq ??= message.seq;
        lastSeq = message.seq;
        text += `${chain.seal(toLine(message, count))}\n`;
      }
      if (text !== '') await write(text);
    },
    async finish() {
      const sha256 = chain.value;
      compress.end(`${chain.seal({ end: true, count, firstSeq, lastSeq, sha256 })}\n`);
      await written;
      const { size: bytes } = await stat(draft);
      await rename(draft, path);
      done = true;
      return { count, firstSeq, lastSeq, sha256, bytes };
    },
    async discard() {
      if (done) return;
      compress.destroy();
      file.destroy();
      await written.catch(() => undefined);
      await rm(draft, { force: true });
    },
  };
}
