/** Request bodies: content type, size and syntax are settled here; what they mean is settled where they are used. */
import { parseJson, WritError } from '@writ/contracts';

const encoder = new TextEncoder();

type Received = { readonly contentType: string | undefined; readonly body: Uint8Array };

/** The parsed body; throws for another content type, an empty or a malformed one. */
export function readJson({ contentType, body }: Received): unknown {
  if (body.length === 0)
    throw new WritError('BODY_MALFORMED', 'the body is empty; send a JSON object');
  if (!isJson(contentType))
    throw new WritError(
      'HEADER_INVALID',
      `\`content-type\` is ${quoted(contentType)}; send \`application/json\``,
      {
        details: [{ path: 'content-type', message: 'must be `application/json`' }],
      },
    );
  return parseJson(body);
}

/** The same where a body may be left out: `{}` then. */
export function readOptionalJson(received: Received): unknown {
  return received.body.length === 0 ? {} : readJson(received);
}

/** A body with what the path already says; throws `BODY_INVALID` when the two disagree. */
export function withPathParts(body: unknown, parts: Readonly<Record<string, string>>): Uint8Array {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new WritError('BODY_INVALID', 'the body is not valid: it must be a JSON object', {
      details: [{ path: '', message: 'must be a JSON object' }],
    });
  for (const [name, value] of Object.entries(parts)) {
    const said: unknown = Reflect.get(body, name);
    if (said !== undefined && said !== value)
      throw new WritError(
        'BODY_INVALID',
        `the body is not valid: \`${name}\` differs from the one in the path, \`${value}\``,
        {
          details: [{ path: name, message: `must be \`${value}\`, as in the path, or left out` }],
        },
      );
  }
  return encoder.encode(JSON.stringify({ ...body, ...parts }));
}

function isJson(contentType: string | undefined): boolean {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  return type === 'application/json';
}

function quoted(contentType: string | undefined): string {
  return contentType === undefined ? 'missing' : `\`${contentType.slice(0, 100)}\``;
}
