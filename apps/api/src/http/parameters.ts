/** Reading the parts of an address: path and query, each problem named with its parameter. */
import { type ErrorCode, type ErrorDetail, issueMessage, WritError } from '@writ/contracts';
import { z } from 'zod';

/** Nothing in the path varies, or nothing may stand in the query. */
export const none = z.strictObject({});

/** Parses what stands in the path; throws `PATH_INVALID`. */
export function parsePath<S extends z.ZodObject>(schema: S, raw: unknown): z.output<S> {
  return parse(schema, raw, { code: 'PATH_INVALID', what: 'the path' });
}

/** Parses the query; throws `QUERY_INVALID`, for a parameter that is not known too. */
export function parseQuery<S extends z.ZodObject>(schema: S, raw: unknown): z.output<S> {
  return parse(schema, withPlus(raw), { code: 'QUERY_INVALID', what: 'the query' });
}

/** Parses a question's body, whose members are those of a query; throws `BODY_INVALID`. */
export function parseBodyQuery<S extends z.ZodObject>(schema: S, raw: unknown): z.output<S> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new WritError('BODY_INVALID', 'the body is not valid: it must be a JSON object');
  return parse(schema, raw, { code: 'BODY_INVALID', what: 'the body' });
}

/** The `+` of a time zone that a client did not encode arrives as a space; it is taken as meant. */
function withPlus(raw: unknown): unknown {
  const entries = Object.entries((raw ?? {}) as Record<string, unknown>);
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      typeof value === 'string'
        ? value.replace(/^(\d{4}-\d\d-\d\dT\S+) (\d\d:\d\d)$/, '$1+$2')
        : value,
    ]),
  );
}

function parse<S extends z.ZodObject>(
  schema: S,
  raw: unknown,
  as: { code: ErrorCode; what: string },
): z.output<S> {
  const given = { ...(raw as Record<string, unknown>) };
  const result = schema.safeParse(given, { error: issueMessage });
  if (result.success) return result.data;
  const details = result.error.issues
    .flatMap((issue) => detailsOf(issue, { schema, given }))
    .slice(0, 20);
  const said = details.map((detail) => `\`${detail.path}\` ${detail.message}`).join('; ');
  throw new WritError(as.code, `${as.what} is not valid: ${said}`, { details });
}

type Parsed = { readonly schema: z.ZodObject; readonly given: Readonly<Record<string, unknown>> };

function detailsOf(issue: z.core.$ZodIssue, { schema, given }: Parsed): ErrorDetail[] {
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schema.shape)
      .map((name) => `\`${name}\``)
      .join(', ');
    const hint = known === '' ? 'none is taken here' : `use ${known}`;
    return issue.keys.map((key) => ({
      path: clip(key),
      message: `is not a known parameter; ${hint}`,
    }));
  }
  const [name = ''] = issue.path.map(String);
  if (issue.code === 'invalid_type' && Array.isArray(given[name]))
    return [{ path: clip(name), message: 'must be given once' }];
  return [{ path: clip(issue.path.map(String).join('.')), message: messageOf(issue) }];
}

/** Of the ways in which a value could have been right, the one that says most of what is wrong with it. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union') return issue.message;
  const inner = issue.errors.flat();
  return (inner.find(({ code }) => code !== 'invalid_type') ?? inner[0] ?? issue).message;
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
