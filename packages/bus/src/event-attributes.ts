/** The attributes of an event, read from the header block of its message in one pass. */
import { writHeaders } from '@writ/contracts';

export type Attributes = {
  id: string | undefined;
  type: string | undefined;
  time: string | undefined;
  tenant: string | undefined;
  version: string | undefined;
  authtype: string | undefined;
  authid: string | undefined;
  correlationId: string | undefined;
  causationId: string | undefined;
  idempotencyKey: string | undefined;
  fingerprint: string | undefined;
};

/** The lines of an event in the order in which they are written, and which attribute is taken from each. */
const lines: readonly (readonly [name: string, field?: keyof Attributes])[] = [
  ['ce-specversion'],
  ['ce-datacontenttype'],
  ['ce-id', 'id'],
  ['ce-type', 'type'],
  ['ce-source'],
  ['ce-subject'],
  ['ce-time', 'time'],
  ['ce-correlationid', 'correlationId'],
  ['ce-causationid', 'causationId'],
  ['ce-authtype', 'authtype'],
  ['ce-authid', 'authid'],
  ['ce-traceparent'],
  ['ce-writtenant', 'tenant'],
  ['ce-writversion', 'version'],
  [writHeaders.idempotencyKey, 'idempotencyKey'],
  [writHeaders.fingerprint, 'fingerprint'],
];
/** Where the names of `ce-…` lines begin to differ. */
const DIFFER_AT = 3;
const starts = lines.map(([name, field]) => {
  const text = `${name}: `;
  return { text, field, length: text.length, mark: text.charCodeAt(DIFFER_AT) };
});
const FIRST_OF_CE = 99;
const FIRST_OF_WRIT = 87;

/** Reads the attributes of a block; what it lacks is `undefined`. */
export function readAttributes(block: string): Attributes {
  const out: Attributes = {
    id: undefined,
    type: undefined,
    time: undefined,
    tenant: undefined,
    version: undefined,
    authtype: undefined,
    authid: undefined,
    correlationId: undefined,
    causationId: undefined,
    idempotencyKey: undefined,
    fingerprint: undefined,
  };
  let next = 0;
  let at = block.indexOf('\r\n') + 2;
  while (at > 1 && at < block.length) {
    const end = block.indexOf('\r\n', at);
    if (end <= at) break;
    const first = block.charCodeAt(at);
    // Only `ce-…` and `Writ-…` lines are of an event; the transport's are passed over unread.
    if (first === FIRST_OF_CE || first === FIRST_OF_WRIT) {
      const place = placeOf(block, at, next);
      const start = starts[place];
      if (start !== undefined) next = place + 1;
      if (start?.field !== undefined) out[start.field] = block.slice(at + start.length, end);
    }
    at = end + 2;
  }
  return out;
}

/** Which line this is; nearly always the next one that can come. */
function placeOf(block: string, at: number, next: number): number {
  const mark = block.charCodeAt(at + DIFFER_AT);
  for (let i = 0; i < starts.length; i++) {
    const place = (next + i) % starts.length;
    const start = starts[place];
    if (start?.mark === mark && block.startsWith(start.text, at)) return place;
  }
  return -1;
}
