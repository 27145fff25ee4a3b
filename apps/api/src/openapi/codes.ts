/** The error codes that a route may answer with. */
import { type ErrorCode, errorCatalogue } from '@writ/contracts';
import type { Route } from '../http/route.ts';

/** Those it names itself, and those that every route of its kind may answer with. */
export function codesOf(route: Route): ErrorCode[] {
  const common: ErrorCode[] = ['QUERY_INVALID', 'OVERLOADED', 'INTERNAL'];
  if (Object.keys(route.params.shape).length > 0) common.push('PATH_INVALID');
  if (route.access !== 'public') common.push('UNAUTHENTICATED', 'NOT_ALLOWED');
  return [...new Set([...common, ...route.errors])];
}

/** Codes by their HTTP status, rising. */
export function codesByStatus(codes: readonly ErrorCode[]): [status: string, ErrorCode[]][] {
  const groups = new Map<string, ErrorCode[]>();
  for (const code of codes) {
    const status = String(errorCatalogue[code].status);
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return [...groups].sort(([a], [b]) => Number(a) - Number(b));
}
