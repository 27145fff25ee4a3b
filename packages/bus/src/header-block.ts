/**
 * The header block of a NATS message as bytes. The client's header objects cost more than the rest of a publish or
 * a fold together, so blocks are written from a string in one go and read by one scan.
 */
import type { Msg } from '@nats-io/nats-core';
import { MsgHdrsImpl } from '@nats-io/nats-core/internal';

export type HeaderLine = readonly [name: string, value: string];

const START = 'NATS/1.0\r\n';

/** Headers that are encoded already; the client only ever asks a publish's headers for their bytes. */
class EncodedHeaders extends MsgHdrsImpl {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    super();
    this.bytes = bytes;
  }

  override encode(): Uint8Array {
    return this.bytes;
  }
}

/** The lines as text, each ended; values lose what would end a line. */
export function headerText(lines: Iterable<HeaderLine>): string {
  let text = '';
  for (const [name, value] of lines)
    text += `${name}: ${LINE_END.test(value) ? value.replaceAll(LINE_ENDS, ' ') : value}\r\n`;
  return text;
}

const LINE_END = /[\r\n]/;
const LINE_ENDS = /[\r\n]+/g;

/** Headers for a publish from lines made by `headerText`. */
export function encodedHeaders(text: string): MsgHdrsImpl {
  return new EncodedHeaders(Buffer.from(`${START}${text}\r\n`, 'utf8'));
}

/** The parts of the client's message that hold its bytes; kept in one place, and a test says when they move. */
type RawMessage = { readonly _msg: { readonly hdr: number }; readonly _rdata: Uint8Array };

function isRaw(message: object): message is RawMessage {
  return '_msg' in message && '_rdata' in message && message._rdata instanceof Uint8Array;
}

/** The header block of a message as text, empty when it has none. */
export function headerBlockOf(message: Msg): string {
  if (isRaw(message)) {
    const { _msg, _rdata } = message;
    if (_msg.hdr <= 0) return '';
    return asBuffer(_rdata).toString('latin1', 0, _msg.hdr);
  }
  return message.headers === undefined ? '' : `${START}${headerText(flatten(message.headers))}\r\n`;
}

/** The bytes themselves as a buffer, which those of the client nearly always are. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** True when the fast path reads this client's messages. */
export function readsRawMessages(message: Msg): boolean {
  return isRaw(message);
}

function* flatten(headers: Iterable<[string, string[]]>): Iterable<HeaderLine> {
  for (const [name, values] of headers) for (const value of values) yield [name, value];
}

/** Every line of a block, in order; the status line is left out. */
export function* scanHeaders(block: string): Iterable<HeaderLine> {
  let at = block.indexOf('\r\n') + 2;
  while (at > 1 && at < block.length) {
    const end = block.indexOf('\r\n', at);
    if (end <= at) return;
    const colon = block.indexOf(':', at);
    if (colon > at && colon < end)
      yield [block.slice(at, colon), block.slice(colon + 1, end).trim()];
    at = end + 2;
  }
}

/** The first value of a header, matched without regard to case. */
export function headerIn(block: string, name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (const [key, value] of scanHeaders(block)) if (key.toLowerCase() === wanted) return value;
  return undefined;
}

/** Whatever the broker adds and whoever published it needed only for the way. */
const TRANSPORT = /^nats-/i;

/** The lines that are the message's own wherever it is stored. */
export function ownHeaders(block: string): HeaderLine[] {
  return [...scanHeaders(block)].filter(([name]) => !TRANSPORT.test(name));
}

/** The status of a message from the server, as in `NATS/1.0 404 No Messages`; 0 for a message of a publisher. */
export function statusOf(block: string): { readonly code: number; readonly text: string } {
  const line = block.slice('NATS/1.0'.length, Math.max(0, block.indexOf('\r\n'))).trim();
  const code = Number.parseInt(line, 10);
  return Number.isNaN(code)
    ? { code: 0, text: '' }
    : { code, text: line.slice(String(code).length).trim() };
}
