import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { validationRules } from '@writ/contracts';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Checker } from './checker.ts';

// A thread is started, and on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000 });

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

function checker(...options: ConstructorParameters<typeof Checker>): Checker {
  const made = new Checker(...options);
  running.push(made);
  return made;
}

/** The address of a module with these checks. */
async function checksOf(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'writ-checks-'));
  running.push({ stop: () => rm(directory, { recursive: true }) });
  const file = join(directory, 'checks.mjs');
  await writeFile(file, `export const checks = ${text};`);
  return pathToFileURL(file).href;
}

const rulesOf = (rule: object, id = 'default/1') => ({
  id,
  rules: validationRules.parse({ rule: { actions: ['*'], ...rule } }),
});
const asked = (text: string, keyId = 'k1') => ({ keyId, action: 'write', result: { text } });

describe('the thread that checks results', () => {
  test('judges one result after the other by the rules it was told', async () => {
    const one = checker();
    const rules = rulesOf({ denyList: { terms: ['falcon'], remedy: 'reject' } });
    const other = rulesOf({ denyList: { terms: ['eagle'], remedy: 'redact' } }, 'default/2');
    const verdicts = await Promise.all([
      one.check(rules, asked('a falcon')),
      one.check(rules, asked('an eagle')),
      one.check(other, asked('an eagle')),
    ]);
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['reject', 'accept', 'redact']);
  });

  test('applies checks of the installation', async () => {
    const own = await checksOf(
      `{ short: ({ result }) => result.text.length > 5 ? [{ path: '/text', kind: 'TOO_LONG' }] : [] }`,
    );
    const one = checker(own);
    const rules = rulesOf({ custom: ['short'] });
    expect((await one.check(rules, asked('short'))).outcome).toBe('accept');
    expect((await one.check(rules, asked('too long'))).findings).toMatchObject([
      { check: 'short', path: '/text', kind: 'TOO_LONG' },
    ]);
  });

  test('is not waited for when a check ends it, and the next result is judged in a new one', async () => {
    const own = await checksOf(`{ leave: ({ result }) => result.text === 'x' && process.exit(0) }`);
    const one = checker(own, 10 * 60_000);
    const leaving = one.check(rulesOf({ custom: ['leave'] }), asked('x'));
    const behind = one.check(rulesOf({ maxBytes: 100 }, 'default/2'), asked('x'));
    await expect(leaving).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('a check ended the thread') as string,
    });
    expect((await behind).outcome).toBe('accept');
  });

  test('is ended by a pattern that never ends, and judges the next result in a new one', async () => {
    const one = checker(undefined, 4000);
    const schema = { type: 'object', properties: { text: { type: 'string', pattern: '^(a+)+$' } } };
    const caught = rulesOf({ schema });
    await expect(one.check(caught, asked(`${'a'.repeat(60)}!`))).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    expect((await one.check(caught, asked('aaa'))).outcome).toBe('accept');
  });

  test('is ended with the one result that it has: those behind are judged, and keys take turns', async () => {
    const one = checker(undefined, 4000);
    const schema = { type: 'object', properties: { text: { type: 'string', pattern: '^(a+)+$' } } };
    const caught = rulesOf({ schema });
    const told: string[] = [];
    const check = (text: string, keyId: string) =>
      one.check(caught, asked(text, keyId)).then(
        ({ outcome }) => void told.push(`${keyId} ${outcome}`),
        ({ code }: { code: string }) => void told.push(`${keyId} ${code}`),
      );
    const never = `${'a'.repeat(60)}!`;
    const asking = [never, never, never].map((text) => check(text, 'k1'));
    await Promise.all([...asking, check('aaa', 'k2')]);
    expect(told).toEqual(['k1 TIMEOUT', 'k1 TIMEOUT', 'k2 accept', 'k1 TIMEOUT']);
  });

  test('leaves room for other keys, whatever one of them asks', async () => {
    const one = checker();
    const rules = rulesOf({ maxBytes: 100 });
    const many = Array.from({ length: 129 }, () => one.check(rules, asked('x')));
    await expect(many.at(-1)).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect((await one.check(rules, asked('x', 'k2'))).outcome).toBe('accept');
    expect((await Promise.all(many.slice(0, -1))).length).toBe(128);
  });

  test('rejects by a rule that it can not apply', async () => {
    const broken = rulesOf({ schema: { type: 'objekt' } });
    expect(await checker().check(broken, asked('x'))).toMatchObject({
      outcome: 'reject',
      findings: [{ check: 'schema', kind: 'CHECK_FAILED' }],
    });
  });
});
