/** Reading the parts of an address: path and query, each problem named with its parameter. */
import { type ErrorCode, type ErrorDetail, WritError } from '@writ/contracts';
import { z } from 'zod';

/** Nothing in the path varies, or nothing may stand in the query. */
export const none = z.strictObject({});

/** Parses what stands in the path; throws `PATH_INVALID`. */
export function parsePath<S extends z.ZodObject>(schema: S, raw: unknown): z.output<S> {
  return parse(schema, raw, { code: 'PATH_INVALID', what: 'the path' });
}

/** Parses the query; throws `QUERY_INVALID`, for a parameter that is not known too. */
export function parseQuery<S extends z.ZodObject>(schema: S, raw: unknown): z.output<S> {
  return parse(schema, raw, { code: 'QUERY_INVALID', what: 'the query' });
}

function parse<S extends z.ZodObject>(schema: S, raw: unknown, as: { code: ErrorCode; what: string }): z.output<S> {
  const result = schema.safeParse({ ...(raw as object) });
  if (result.success) return result.data;
  const details = result.error.issues.flatMap((issue) => detailsOf(issue, schema)).slice(0, 20);
  const said = details.map((detail) => `\`${detail.path}\` ${detail.message}`).join('; ');
  throw new WritError(as.code, `${as.what} is not valid: ${said}`, { details });
}

function detailsOf(issue: z.core.$ZodIssue, schema: z.ZodObject): ErrorDetail[] {
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schema.shape).map((name) => `\`${name}\``).join(', ');
    const hint = known === '' ? 'none is taken here' : `use ${known}`;
    return issue.keys.map((key) => ({ path: clip(key), message: `is not a known parameter; ${hint}` }));
  }
  const path = clip(issue.path.map(String).join('.'));
  if (issue.code === 'invalid_type' && Array.isArray(issue.input)) return [{ path, message: 'must be given once' }];
  return [{ path, message: issue.message }];
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
