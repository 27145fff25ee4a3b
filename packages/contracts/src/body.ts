/** Reading a JSON body at an edge: size, nesting and shape are refused with a code and the path of what is wrong. */
import type { z } from 'zod';
import { type ErrorDetail, WritError } from './errors.ts';
import { issueMessage } from './issue-message.ts';

/** Bodies of commands and questions, in bytes. */
export const MAX_BODY_BYTES = 256 * 1024;
/** Objects and arrays inside one another. */
export const MAX_BODY_DEPTH = 64;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Parses the bytes of a body; throws `BODY_TOO_LARGE`, `BODY_MALFORMED` or `BODY_TOO_DEEP`. */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_BODY_BYTES)
    throw new WritError(
      'BODY_TOO_LARGE',
      `the body has ${bytes.length} bytes; at most ${MAX_BODY_BYTES} are taken`,
    );
  if (bytes.length === 0)
    throw new WritError('BODY_MALFORMED', 'the body is empty; send a JSON object');
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw new WritError('BODY_MALFORMED', 'the body is not UTF-8', { cause });
  }
  return parseJsonText(text);
}

/** The same for text that was decoded already. */
export function parseJsonText(text: string): unknown {
  if (deeperThan(text, MAX_BODY_DEPTH))
    throw new WritError(
      'BODY_TOO_DEEP',
      `the body nests deeper than ${MAX_BODY_DEPTH} levels; flatten it`,
    );
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WritError('BODY_MALFORMED', `the body is not valid JSON: ${reason}`, { cause });
  }
}

/** Checks a parsed body against its schema; throws `BODY_INVALID` with one detail per problem. */
export function checkBody<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value, { error: issueMessage });
  if (result.success) return result.data;
  const details = result.error.issues.flatMap(toDetails).slice(0, 20);
  const first = details[0];
  const where =
    first && first.path !== ''
      ? `\`${first.path}\` ${first.message}`
      : (first?.message ?? 'unknown');
  throw new WritError('BODY_INVALID', `the body is not valid: ${where}`, { details });
}

function toDetails(issue: z.core.$ZodIssue): ErrorDetail[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: joinPath([...issue.path, key]),
      message: 'is not a known property; leave it out or check its spelling',
    }));
  return [{ path: joinPath(issue.path), message: issue.message }];
}

function joinPath(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

function deeperThan(text: string, limit: number): boolean {
  return countOf('{', text) + countOf('[', text) > limit && nestsDeeper(text, limit);
}

function countOf(sign: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + 1)) count++;
  return count;
}

function nestsDeeper(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 92) i++;
      else if (c === 34) inString = false;
    } else if (c === 34) inString = true;
    else if (c === 123 || c === 91) {
      if (++depth > limit) return true;
    } else if (c === 125 || c === 93) depth--;
  }
  return false;
}
