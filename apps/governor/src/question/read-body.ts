import { isAscii } from 'node:buffer';
import { MAX_BODY_BYTES, parseJson, parseJsonText } from '@writ/contracts';

/** Parses a body, `text` being its `textOf`; throws `BODY_TOO_LARGE`, `BODY_MALFORMED` or `BODY_TOO_DEEP`. */
export function readBody(bytes: Uint8Array, text: string): unknown {
  // Nearly every body is short ASCII, whose text needs no decoder.
  const plain = bytes.length > 0 && bytes.length <= MAX_BODY_BYTES && isAscii(bytes);
  return plain ? parseJsonText(text) : parseJson(bytes);
}

/** One character per byte: the exact text of ASCII, and a faithful key of anything. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
