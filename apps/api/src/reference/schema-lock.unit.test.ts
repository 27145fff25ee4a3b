import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { typeOf } from '@writ/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { driftOf, writeGenerated } from './generated-files.ts';
import { eventSchemas, lockOf, lockProblems } from './schema-lock.ts';

const published = eventSchemas();
const lock = lockOf(published);
const TYPE = typeOf('GrantIssued');

function edited(change: object) {
  return lockOf(new Map(published).set(TYPE, { ...published.get(TYPE), ...change }));
}

describe('the lock of schemas', () => {
  test('catches a published schema that was edited, and says what to do instead', () => {
    expect(lockProblems(lock, edited({ required: [] }))).toEqual([
      `the published schema \`${TYPE}\` was edited; put it back, and add a new version and an upcaster instead`,
    ]);
  });

  test('catches one that is gone', () => {
    const left = new Map(published);
    left.delete(TYPE);
    expect(lockProblems(lock, lockOf(left))).toEqual([
      expect.stringContaining(`${TYPE}\` is gone`),
    ]);
  });

  test('takes a new version, another order and other words for people', () => {
    const more = new Map(published).set(`${TYPE.slice(0, -1)}99`, { type: 'object' });
    expect(lockProblems(lock, lockOf(more))).toEqual([]);
    const turned = Object.fromEntries(Object.entries(published.get(TYPE) ?? {}).reverse());
    expect(lockOf(new Map([[TYPE, { ...turned, description: 'a grant' }]]))[TYPE]).toBe(lock[TYPE]);
  });
});

describe('generating', () => {
  let elsewhere = '';
  const path = () => join(elsewhere, 'packages/contracts/schema-lock.json');
  beforeEach(async () => {
    elsewhere = await mkdtemp(join(tmpdir(), 'writ-lock-'));
    await writeGenerated(elsewhere);
  });
  afterEach(() => rm(elsewhere, { recursive: true, force: true }));

  test('locks what is new', async () => {
    const { [TYPE]: _, ...older } = lock;
    await writeFile(path(), JSON.stringify(older));
    expect(await driftOf(elsewhere)).toEqual([`\`${TYPE}\` is not locked yet`]);
    await writeGenerated(elsewhere);
    expect(JSON.parse(await readFile(path(), 'utf8'))).toEqual(lock);
    expect(await driftOf(elsewhere)).toEqual([]);
  });

  test('refuses to change what is locked, and writes nothing', async () => {
    const other = JSON.stringify({ ...lock, [TYPE]: 'sha256:00' });
    await writeFile(path(), other);
    await writeFile(join(elsewhere, 'docs/reference/errors.md'), '# mine');
    await expect(writeGenerated(elsewhere)).rejects.toThrow(/was edited.*a new version/);
    expect(await readFile(path(), 'utf8')).toBe(other);
    expect(await readFile(join(elsewhere, 'docs/reference/errors.md'), 'utf8')).toBe('# mine');
    expect(await driftOf(elsewhere)).toContainEqual(expect.stringContaining('was edited'));
  });
});
