/** Reading an archive: every line is checked before what it holds is given out. */
import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { pipeline } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { ArchiveDamage } from './archive-damage.ts';
import type { ArchivedMessage, ArchiveEnd, ArchiveHeader } from './format.ts';
import { type CheckedLine, LineChecker } from './line-checker.ts';

export type ArchiveContent =
  | { readonly kind: 'header'; readonly header: ArchiveHeader }
  | { readonly kind: 'messages'; readonly messages: readonly ArchivedMessage[] }
  | { readonly kind: 'end'; readonly end: ArchiveEnd };

/** What an archive holds, found to be as it was written. */
export type CheckedArchive = { readonly header: ArchiveHeader; readonly end: ArchiveEnd };

const PAGE = 1000;
/** Large enough that handing over a chunk costs little beside checking its lines. */
const CHUNK = 256 * 1024;

/** The header, the messages in pages, the end; throws `ArchiveDamage` at the first line that is wrong. */
export async function* readArchive(path: string): AsyncGenerator<ArchiveContent> {
  const checker = new LineChecker();
  let page: ArchivedMessage[] = [];
  const checked = function* (line: string, following: string | undefined) {
    const result = checker.take(line, following);
    if (result.kind === 'message') {
      page.push(result.message);
      if (page.length < PAGE) return;
    }
    if (page.length > 0) yield { kind: 'messages', messages: page } as const;
    page = [];
    if (result.kind === 'damage') throw damageOf(path, result);
    if (result.kind !== 'message') yield result;
  };
  let held: string | undefined;
  try {
    for await (const line of linesOf(path)) {
      if (held !== undefined) yield* checked(held, line);
      held = line;
    }
  } catch (thrown) {
    if (!isUnpacking(thrown)) throw thrown;
    if (held !== undefined) yield* checked(held, undefined);
    const line = checker.line + 1;
    const cut = thrown.code === 'Z_BUF_ERROR';
    const why = cut
      ? 'the file is cut off'
      : `the compressed bytes are damaged (${thrown.message.toLowerCase()})`;
    throw new ArchiveDamage({ path, line }, `${why}; what follows can not be read`, thrown);
  }
  if (held !== undefined) yield* checked(held, undefined);
  const missing = checker.close();
  if (missing?.kind === 'damage') throw damageOf(path, missing);
}

/** Reads an archive to its end; throws `ArchiveDamage` when it is not as it was written. */
export async function checkArchive(
  path: string,
  onMessages?: (messages: readonly ArchivedMessage[]) => void,
): Promise<CheckedArchive> {
  let header: ArchiveHeader | undefined;
  let end: ArchiveEnd | undefined;
  for await (const content of readArchive(path)) {
    if (content.kind === 'header') header = content.header;
    else if (content.kind === 'end') end = content.end;
    else onMessages?.(content.messages);
  }
  if (header === undefined || end === undefined)
    throw new ArchiveDamage({ path, line: 1 }, 'the archive is empty');
  return { header, end };
}

/** The messages alone, in pages. */
export async function* messagesOf(path: string): AsyncGenerator<readonly ArchivedMessage[]> {
  for await (const content of readArchive(path))
    if (content.kind === 'messages') yield content.messages;
}

function damageOf(path: string, { line, problem }: Extract<CheckedLine, { kind: 'damage' }>) {
  return new ArchiveDamage({ path, line }, problem);
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const unpacked = createZstdDecompress({ chunkSize: CHUNK });
  // What goes wrong in either stream is thrown by the iteration.
  pipeline(createReadStream(path), unpacked, () => undefined);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of unpacked) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  rest += decoder.end();
  if (rest !== '') yield rest;
}

/** Errors of the decompressor; those of the file system have a `syscall`. */
function isUnpacking(thrown: unknown): thrown is Error & { readonly code: string } {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    typeof thrown.code === 'string' &&
    !('syscall' in thrown) &&
    !(thrown instanceof ArchiveDamage)
  );
}
