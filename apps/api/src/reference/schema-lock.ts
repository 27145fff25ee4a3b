/**
 * The digest of every event schema that was ever published. What was written under a version stays in logs for ever, so
 * a version is never edited: a change is a new version and an upcaster.
 */
import { hash } from 'node:crypto';
import { type EventName, events, schemasOf, typeText } from '@writ/contracts';
import { type JsonSchema, jsonSchema } from '../openapi/schemas.ts';

/** From the full type of an event to the digest of its schema. */
export type SchemaLock = Readonly<Record<string, string>>;

/** The JSON Schema of every version of every event, by its full type. */
export function eventSchemas(): Map<string, JsonSchema> {
  const schemas = new Map<string, JsonSchema>();
  for (const name of Object.keys(events) as EventName[])
    for (const [version, schema] of schemasOf(name))
      schemas.set(typeText(events[name].context, name, version), jsonSchema(schema, 'output'));
  return schemas;
}

export function lockOf(schemas: ReadonlyMap<string, JsonSchema>): SchemaLock {
  return Object.fromEntries([...schemas].map(([type, schema]) => [type, digestOf(schema)]));
}

/** What was published and is not the same any more, one sentence each. */
export function lockProblems(locked: SchemaLock, now: SchemaLock): string[] {
  return Object.entries(locked).flatMap(([type, digest]) => {
    if (now[type] === digest) return [];
    const what = now[type] === undefined ? 'is gone' : 'was edited';
    return [
      `the published schema \`${type}\` ${what}; put it back, and add a new version and an upcaster instead`,
    ];
  });
}

/** The same schema in another order, or with other words for people, has the same digest. */
function digestOf(schema: JsonSchema): string {
  return `sha256:${hash('sha256', JSON.stringify(schema, inOrder))}`;
}

const SPOKEN = ['title', 'description'];

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  // A property may be called `title`; then what stands there is a schema.
  const entries = Object.entries(value).filter(
    ([name, inner]) => !(SPOKEN.includes(name) && typeof inner === 'string'),
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
