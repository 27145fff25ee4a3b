/** The verbs on policies that need no server. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { runProgram } from '../program.ts';

const folder = mkdtempSync(join(tmpdir(), 'writ-policy-verbs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const freeze = `forbid (principal, action, resource)
when { resource.type == "ledger" && context has hour && context.hour >= 22 };
`;
const trusted = `@mode("log_only")
forbid (principal, action == Action::"transfer", resource)
unless { principal.trust >= 600 };
`;
const tests = `policies: .
defaults: { action: post_entry, resource: "ledger:2026", trust: 500 }
tests:
  - { name: by day, context: { hour: 12 }, expect: allow }
  - { name: at night, context: { hour: 23 }, expect: deny, by: freeze, code: POLICY_FORBIDS }
  - { name: small, action: transfer, expect: allow, wouldDeny: [trusted] }
`;

function put(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

beforeEach(() => {
  rmSync(join(folder, 'set'), { recursive: true, force: true });
  put('set/freeze.cedar', freeze);
  put('set/trusted.cedar', trusted);
  put('set/all.test.yaml', tests);
});

async function writ(...args: string[]) {
  let [stdout, stderr] = ['', ''];
  const host = {
    variables: { WRIT_DATA_DIR: '/nowhere/writ' },
    stdout: { write: (text: string) => void (stdout += text) },
    stderr: { write: (text: string) => void (stderr += text) },
    interrupted: () => new AbortController().signal,
    exitCode: 0 as 0 | 1 | 2 | 3,
  };
  await runProgram(host, args);
  return { exitCode: host.exitCode, said: `${stdout}${stderr}`.replaceAll(`${folder}/`, '') };
}

const set = join(folder, 'set');

test('the policies of the documentation do what their tests say', async () => {
  const examples = fileURLToPath(new URL('../../../../examples/policies', import.meta.url));
  expect(await writ('policies', 'test', examples)).toEqual({ exitCode: 0, said: '9 passed\n' });
});

describe('writ policies test', () => {
  test('passes where every question is answered as expected', async () => {
    expect(await writ('policies', 'test', set)).toEqual({ exitCode: 0, said: '3 passed\n' });
  });

  test('names each test that fails, where it stands and what came instead', async () => {
    put('set/all.test.yaml', tests.replace('hour: 23', 'hour: 21').replace('[trusted]', '[]'));
    expect(await writ('policies', 'test', set)).toEqual({
      exitCode: 1,
      said: `set/all.test.yaml:5:5 failed: at night
  expected deny POLICY_FORBIDS by freeze
  but it is allow without a code by base.grants
set/all.test.yaml:6:5 failed: small
  expected allow, would deny none
  but it is allow, would deny trusted
set/all.test.yaml no test is denied by freeze
1 passed, 2 failed
`,
    });
  });

  test('says the same as one JSON document', async () => {
    const { exitCode, said } = await writ('policies', 'test', set, '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(said)).toMatchObject({
      passed: 3,
      failed: 0,
      files: [{ untested: [], tests: [{ name: 'by day', line: 4, passed: true }, {}, {}] }],
    });
  });

  test('holds questions to the schema beside the policies', async () => {
    const action = (name: string): string =>
      `action "${name}" appliesTo { principal: [Agent], resource: [Resource], context: { hour?: Long } };`;
    put('set/writ.cedarschema', ['post_entry', 'transfer'].map(action).join('\n'));
    put(
      'set/all.test.yaml',
      `${tests}  - { name: odd, context: { hour: "x" }, expect: deny, code: ENGINE_ERROR }\n`,
    );
    expect(await writ('policies', 'test', set)).toEqual({ exitCode: 0, said: '4 passed\n' });
  });

  test.each([
    [
      'a key that is not there',
      ['name: small', 'nmae: small'],
      2,
      'set/all.test.yaml:6:7 `nmae` is nothing that a test can say; did you mean `name`?',
    ],
    [
      'a word that is not expected',
      ['expect: allow }', 'expect: alow }'],
      2,
      'set/all.test.yaml:4:44 `tests.0.expect` must be one of `allow`, `deny`, `require_approval`',
    ],
    [
      'a resource that is none',
      ['"ledger:2026"', 'ledger'],
      2,
      'set/all.test.yaml:2:33 `defaults.resource` must be `<type>:<id>`',
    ],
    ['no YAML', ['tests:', 'tests: ['], 2, 'set/all.test.yaml:'],
    [
      'policies that are not there',
      ['policies: .', 'policies: nowhere'],
      2,
      'there is no file or folder `set/nowhere`',
    ],
  ] as const)('refuses %s', async (_what, [from, to], exitCode, said) => {
    put('set/all.test.yaml', tests.replace(from, to));
    expect(await writ('policies', 'test', set)).toEqual({
      exitCode,
      said: expect.stringContaining(said),
    });
  });

  test('refuses a policy that is not valid, with its place', async () => {
    put('set/freeze.cedar', freeze.replace('resource.type', 'resource.kind'));
    expect(await writ('policies', 'test', set)).toEqual({
      exitCode: 1,
      said: expect.stringContaining('set/freeze.cedar:2:8 attribute `kind`'),
    });
  });
});

describe('writ policies lint', () => {
  test('finds nothing wrong with what may be published', async () => {
    expect(await writ('policies', 'lint', set)).toEqual({
      exitCode: 0,
      said: 'valid: 2 policies\n',
    });
  });

  test('names file, line, column and what was meant, in policies and in the schema', async () => {
    put('set/trusted.cedar', trusted.replace('principal.trust', 'principal.trsut'));
    expect((await writ('policies', 'lint', set)).said).toMatch(
      /^set\/trusted\.cedar:3:10 trusted attribute `trsut` .* did you mean `trust`/,
    );
    const schema = put('odd.cedarschema', 'type A = { n: Lnog };');
    expect(await writ('policies', 'lint', set, '--schema', schema)).toEqual({
      exitCode: 1,
      said: 'odd.cedarschema:1:15 there is no type `Lnog`; did you mean `Long`?\n',
    });
  });
});

describe('writ policies diff', () => {
  test('shows what was added, removed and changed, line by line', async () => {
    put('other/freeze.cedar', freeze.replace('22', '21'));
    put('other/new.cedar', 'forbid (principal, action, resource) when { false };\n');
    expect(await writ('policies', 'diff', set, join(folder, 'other'))).toEqual({
      exitCode: 1,
      said: `freeze changed
  forbid (principal, action, resource)
- when { resource.type == "ledger" && context has hour && context.hour >= 22 };
+ when { resource.type == "ledger" && context has hour && context.hour >= 21 };

new added
+ forbid (principal, action, resource) when { false };

trusted removed
- @mode("log_only")
- forbid (principal, action == Action::"transfer", resource)
- unless { principal.trust >= 600 };
`,
    });
    expect(await writ('policies', 'diff', set, set)).toMatchObject({ exitCode: 0 });
  });
});
