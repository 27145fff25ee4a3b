/** JSON Schema (draft 2020-12) of results, by ajv. */
import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Located } from '../texts.ts';

export type { ValidateFunction };

/** Throws what is wrong with the schema. */
export function compileSchema(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const ajv = new Ajv2020({ strictSchema: true, strictTypes: false, strictTuples: false });
  // The package's types put its only function under `default`, which at run time it is itself.
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  return ajv.compile(schema);
}

/** The first place that does not match. */
export function findMismatch(matches: ValidateFunction, result: unknown): Located | undefined {
  if (matches(result)) return undefined;
  const [error] = matches.errors ?? [];
  return { path: error?.instancePath ?? '', kind: (error?.keyword ?? 'schema').toUpperCase() };
}
