import { errorCatalogue } from '@writ/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { routes } from '../routes.ts';
import { codesOf } from './codes.ts';
import { openApiDocument } from './document.ts';

type Json = { readonly [name: string]: unknown };
const document = openApiDocument(routes) as unknown as Json & {
  components: { schemas: Record<string, Json> };
  paths: Record<string, Record<string, Json>>;
};

function* every(value: unknown, path = '#'): Generator<[string, Json]> {
  if (typeof value !== 'object' || value === null) return;
  yield [path, value as Json];
  for (const [name, inner] of Object.entries(value)) yield* every(inner, `${path}/${name}`);
}

test('every reference leads to a schema of the document', () => {
  for (const [path, node] of every(document)) {
    if (typeof node['$ref'] !== 'string') continue;
    const name = /^#\/components\/schemas\/(\w+)$/.exec(node['$ref'])?.[1] ?? '';
    expect(Object.keys(document.components.schemas), path).toContain(name);
  }
});

test('every route is an operation with a name of its own', () => {
  const operations = Object.values(document.paths).flatMap((path) =>
    Object.values(path).map((operation) => operation['operationId']),
  );
  expect(operations).toHaveLength(routes.length);
  expect(new Set(operations).size).toBe(routes.length);
});

test('every part of a path that varies is a parameter of it', () => {
  for (const route of routes) {
    const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    expect(Object.keys(route.params.shape), route.path).toEqual(inPath);
  }
});

test('every schema is JSON Schema 2020-12 that a strict validator takes', () => {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictTuples: false });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addKeyword('components');
  ajv.addSchema(
    { $id: 'writ:openapi', components: document.components } as object,
    undefined,
    false,
    false,
  );
  for (const name of Object.keys(document.components.schemas))
    expect(
      () => ajv.compile({ $ref: `writ:openapi#/components/schemas/${name}` }),
      name,
    ).not.toThrow();
});

test('codes of the document are codes of the catalogue, and the other way round but for those that never leave a role', () => {
  const told = new Set(routes.flatMap(codesOf));
  for (const code of told) expect(Object.keys(errorCatalogue)).toContain(code);
  const silent = Object.keys(errorCatalogue).filter(
    (code) => !told.has(code as keyof typeof errorCatalogue),
  );
  expect(silent).toEqual([
    'LIMIT_REACHED',
    'APPROVALS_FULL',
    'CHECKPOINT_MISMATCH',
    'CONFIG_INVALID',
  ]);
});

test('routes that need a key say so, with the roles that may', () => {
  for (const route of routes) {
    const operation = document.paths[route.path]?.[route.method.toLowerCase()];
    if (route.access === 'public') expect(operation?.['security']).toEqual([]);
    else expect(operation?.['x-writ-roles']).toEqual(route.access);
  }
});
