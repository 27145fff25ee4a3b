/**
 * Cursors: where the next page of a list begins. They name the list and its filters, so that one made elsewhere is
 * refused, and a place in an order that never changes, so that what is inserted meanwhile moves nothing.
 */
import { createHash } from 'node:crypto';
import { WritError } from '@writ/contracts';

/** A place in a list: the sequence that orders it, and where several rows share it, their order within. */
export type Place = { readonly seq: number; readonly ordinal: number };

/** What a cursor belongs to. */
export type ListIdentity = {
  readonly list: string;
  readonly tenant: string;
  readonly filters: Readonly<Record<string, unknown>>;
};

/** Makes the cursor for what stands behind a place. */
export function encodeCursor(identity: ListIdentity, { seq, ordinal }: Place): string {
  return Buffer.from(`1/${digestOf(identity)}/${seq}/${ordinal}`).toString('base64url');
}

/** Reads a cursor of this list; throws `CURSOR_INVALID` for anything else. */
export function decodeCursor(identity: ListIdentity, cursor: string): Place {
  const match = /^1\/([0-9a-f]{16})\/(\d{1,15})\/(\d{1,9})$/.exec(
    Buffer.from(cursor, 'base64url').toString('latin1'),
  );
  if (!match || encodedOf(match[0]) !== cursor)
    throw new WritError(
      'CURSOR_INVALID',
      'the cursor is not one of this list; send `nextCursor` unchanged',
      {
        details: [{ path: 'cursor', message: 'must be a `nextCursor` of this list' }],
      },
    );
  if (match[1] !== digestOf(identity))
    throw new WritError(
      'CURSOR_INVALID',
      'the cursor was made with other filters; send it with the same ones',
      {
        details: [{ path: 'cursor', message: 'must be sent with the filters of its first page' }],
      },
    );
  return { seq: Number(match[2]), ordinal: Number(match[3]) };
}

function encodedOf(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function digestOf({ list, tenant, filters }: ListIdentity): string {
  const said = Object.entries(filters)
    .filter(([name, value]) => value !== undefined && name !== 'cursor' && name !== 'limit')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([list, tenant, said]))
    .digest('hex')
    .slice(0, 16);
}
