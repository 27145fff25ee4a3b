import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readPolicySources } from './policy-sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'writ-policies-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

mkdirSync(join(folder, 'set'));
mkdirSync(join(folder, 'empty'));
writeFileSync(join(folder, 'set', 'b.cedar'), 'forbid (principal, action, resource);');
writeFileSync(join(folder, 'set', 'a.cedar'), '// a');
writeFileSync(join(folder, 'set', 'notes.txt'), 'not a policy');
writeFileSync(join(folder, 'all.json'), '{"policies":{"c":"// c"}}');
writeFileSync(join(folder, 'plain.json'), '{"a":"// other a"}');
writeFileSync(join(folder, 'bad.json'), '{"a":1}');

test('a folder gives one policy per .cedar file, named after it', async () => {
  const sources = await readPolicySources([join(folder, 'set'), join(folder, 'all.json')]);
  expect(sources.map(({ policyId }) => policyId)).toEqual(['a', 'b', 'c']);
});

test('two policies of one name are refused with both files', async () => {
  const twice = readPolicySources([join(folder, 'set'), join(folder, 'plain.json')]);
  await expect(twice).rejects.toThrow(/plain\.json` and `.*a\.cedar` are both policy `a`/);
});

test.each(['empty', 'nowhere', 'set/notes.txt', 'bad.json'])(
  '%s is a usage error',
  async (path) => {
    await expect(readPolicySources([join(folder, path)])).rejects.toMatchObject({ exitCode: 2 });
  },
);
