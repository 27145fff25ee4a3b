/** The content of a snapshot: lines as bytes, compressed, in parts that fit into messages. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';

const PART_BYTES = 256 * 1024;

/** Pieces of what comes out; small ones cost more to put together than to make. */
const how = { chunkSize: 4 * 1024 * 1024 } as const;
const compressed = promisify(zstdCompress);
const decompressed = promisify(zstdDecompress);

/** Works in a thread of its own, as the other way does. */
export function compress(content: Uint8Array): Promise<Buffer> {
  return compressed(content, how);
}

/** What `compress` was given; rejects what it did not make. */
export function decompress(content: Uint8Array): Promise<Buffer> {
  return decompressed(content, how);
}

/** SHA-256 in hex. */
export function checksum(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

const PIECE_CHARS = 1024 * 1024;

/** Lines as one piece of bytes, each line ended. */
export function bytesOf(lines: Iterable<string>): Buffer {
  const pieces: Buffer[] = [];
  let piece = '';
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE_CHARS) continue;
    pieces.push(Buffer.from(piece, 'utf8'));
    piece = '';
  }
  return Buffer.concat([...pieces, Buffer.from(piece, 'utf8')]);
}

const LINE_END = 10;

/** The lines of what `bytesOf` made, as they are taken. */
export function* linesOf(content: Buffer): Generator<string, void> {
  for (let at = 0; at < content.length; ) {
    const end = content.indexOf(LINE_END, at);
    if (end < 0) throw new RangeError('the last line has no end');
    yield content.toString('utf8', at, end);
    at = end + 1;
  }
}

/** A content as messages carry it. */
export function partsOf(content: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(content.length / PART_BYTES));
  return Array.from({ length: count }, (_, n) =>
    content.subarray(n * PART_BYTES, (n + 1) * PART_BYTES),
  );
}
