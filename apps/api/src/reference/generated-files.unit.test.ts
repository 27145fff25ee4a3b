import { denyCodes, errorCatalogue } from '@writ/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { driftOf, generatedFiles, writeGenerated } from './generated-files.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
let elsewhere = '';

beforeEach(async () => {
  elsewhere = await mkdtemp(join(tmpdir(), 'writ-generated-'));
});
afterEach(() => rm(elsewhere, { recursive: true, force: true }));

test('the documents of the repository are those of its code', async () => {
  expect(await driftOf(root), 'run `npm run generate`').toEqual([]);
});

test('a document that was changed by hand, one that is missing and one too many are named', async () => {
  await writeGenerated(elsewhere);
  expect(await driftOf(elsewhere)).toEqual([]);
  await writeFile(join(elsewhere, 'docs/reference/errors.md'), '# mine');
  await rm(join(elsewhere, 'docs/reference/openapi.json'));
  await writeFile(join(elsewhere, 'docs/reference/schemas/commands/old.json'), '{}');
  expect(await driftOf(elsewhere)).toEqual([
    '`docs/reference/openapi.json` is missing',
    '`docs/reference/errors.md` differs from the code',
    '`docs/reference/schemas/commands/old.json` is not generated any more',
  ]);
  await writeGenerated(elsewhere);
  expect(await driftOf(elsewhere)).toEqual([]);
});

test('the same code gives the same bytes', () => {
  expect([...generatedFiles()]).toEqual([...generatedFiles()]);
});

test('every code of the catalogue has a row on the page of errors, and every row is a code', async () => {
  const page = await readFile(join(root, 'docs/reference/errors.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);
  expect(rows).toEqual([...Object.keys(errorCatalogue), ...denyCodes]);
});

test('every schema is one that a strict validator takes', () => {
  for (const [path, text] of generatedFiles()) {
    if (!path.includes('/schemas/')) continue;
    const ajv = new Ajv2020({ strict: true, strictTypes: false });
    (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
    expect(() => ajv.compile(JSON.parse(text) as object), path).not.toThrow();
  }
});
