/** The schemas of a document: those with a name are referred to, the others stand where they are used. */
import type { z } from 'zod';
import { type JsonSchema, jsonSchemas, type NamedSchemas } from './schemas.ts';

export type SchemaBook = {
  readonly components: Readonly<Record<string, JsonSchema>>;
  /** What stands for a schema that the book was made with. */
  schemaOf(schema: z.ZodType): JsonSchema;
};

export const refTo = (name: string): string => `#/components/schemas/${name}`;

/** Describes all of them at once: each that holds a named one refers to it. */
export function schemaBook({ io, byName }: NamedSchemas, used: readonly z.ZodType[]): SchemaBook {
  const nameOf = new Map(Object.entries(byName).map(([name, schema]) => [schema, name]));
  const unnamed = [...new Set(used)].filter((schema) => !nameOf.has(schema));
  const placeOf = new Map(unnamed.map((schema, i) => [schema, `Unnamed${i}`]));
  const places = Object.fromEntries([...placeOf].map(([schema, place]) => [place, schema]));
  const all = jsonSchemas({ io, byName: { ...byName, ...places } }, refTo);
  return {
    components: Object.fromEntries(
      Object.entries(all).filter(([name]) => Object.hasOwn(byName, name)),
    ),
    schemaOf(schema) {
      const name = nameOf.get(schema);
      return name === undefined ? (all[placeOf.get(schema) ?? ''] ?? {}) : { $ref: refTo(name) };
    },
  };
}
