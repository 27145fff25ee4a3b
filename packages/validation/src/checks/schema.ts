/** JSON Schema (draft 2020-12) of results, by ajv. */
import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Located } from '../texts.ts';

export type { ValidateFunction };

let shared: Ajv2020 | undefined;

/** One for all schemas: most of the cost is the language itself. Their own `$id`s are not kept. */
function compiler(): Ajv2020 {
  if (shared) return shared;
  shared = new Ajv2020({
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    addUsedSchema: false,
  });
  // The package's types put its only function under `default`, which at run time it is itself.
  (addFormats as unknown as (ajv: Ajv2020) => void)(shared);
  return shared;
}

/** Throws what is wrong with the schema. */
export function compileSchema(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const ajv = compiler();
  try {
    return ajv.compile(schema);
  } finally {
    ajv.removeSchema(schema);
  }
}

/** The first place that does not match. */
export function findMismatch(matches: ValidateFunction, result: unknown): Located | undefined {
  if (matches(result)) return undefined;
  const [error] = matches.errors ?? [];
  return { path: error?.instancePath ?? '', kind: (error?.keyword ?? 'schema').toUpperCase() };
}
