/** Zod schemas as JSON Schema 2020-12, with names for what is used in several places. */
import { z } from 'zod';

export type JsonSchema = { readonly [keyword: string]: unknown };

/** Schemas under names; `io` says whether what is sent or what is answered is described. */
export type NamedSchemas = {
  readonly io: 'input' | 'output';
  readonly byName: Readonly<Record<string, z.ZodType>>;
};

/** The JSON Schemas of all of them; where one holds another, it refers to it by `uri`. */
export function jsonSchemas(
  { io, byName }: NamedSchemas,
  uri: (name: string) => string,
): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [name, schema] of Object.entries(byName)) registry.add(schema, { id: name });
  const { schemas } = z.toJSONSchema(registry, { uri, io, override: tidy, unrepresentable: 'any' });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, withoutIdentity(schema)]),
  );
}

/** The JSON Schema of one schema by itself. */
export function jsonSchema(schema: z.ZodType, io: NamedSchemas['io']): JsonSchema {
  return withoutIdentity(z.toJSONSchema(schema, { io, override: tidy, unrepresentable: 'any' }));
}

/** A `format` says enough: the pattern that zod checks it by is left out, and so are bounds that are those of the number type. */
function tidy({ jsonSchema: schema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (schema.format !== undefined && schema.type === 'string') delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}

function withoutIdentity(schema: object): JsonSchema {
  const { $schema: _schema, $id: _id, ...rest } = schema as JsonSchema;
  return rest;
}
