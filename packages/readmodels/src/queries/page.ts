/** Pages of a list, newest first. */
import { reading } from '../store.ts';
import { decodeCursor, encodeCursor, type ListIdentity, type Place } from './cursor.ts';

/** Whose rows are asked for, and what moment it is. */
export type Scope = { readonly tenant: string; readonly nowMs: number };

export type Page<View> = { readonly items: View[]; readonly nextCursor: string | null };

export type PageRequest<Row, View> = {
  readonly list: string;
  readonly scope: Scope;
  readonly query: { readonly limit: number; readonly cursor?: string | undefined };
  /** At most `limit` rows behind a place, newest first. */
  readonly fetch: (limit: number, after: Place | undefined) => Promise<Row[]>;
  readonly placeOf: (row: Row) => Place;
  readonly view: (row: Row) => View;
};

/** Reads one page; one row more than asked for says whether another follows. */
export async function readPage<Row, View>(request: PageRequest<Row, View>): Promise<Page<View>> {
  const { query, scope } = request;
  const identity: ListIdentity = {
    list: request.list,
    tenant: scope.tenant,
    filters: { ...query },
  };
  const after = query.cursor === undefined ? undefined : decodeCursor(identity, query.cursor);
  const rows = await reading(() => request.fetch(query.limit + 1, after));
  const shown = rows.slice(0, query.limit);
  const last = shown.at(-1);
  const nextCursor =
    rows.length > shown.length && last ? encodeCursor(identity, request.placeOf(last)) : null;
  return { items: shown.map(request.view), nextCursor };
}
