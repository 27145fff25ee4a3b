/** The guides, typed as they stand, on one platform that `npm start` would have begun: all of it works, and comes out so. */
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startWrit, type Writ } from '@writ/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPages, root } from './docs/markdown.ts';
import { openShell, type Shell } from './docs/shell.ts';
import { compareOutput, type Ids, withIds } from './docs/shown-output.ts';
import { type Step, stepsOf } from './docs/steps.ts';

/** Each works on what `npm start` leaves, and on what those before it leave. */
const typed = [
  'write-a-policy',
  'test-policies-in-ci',
  'trust-in-policies',
  'kill-switch',
  'explain-a-decision',
  'validate-results',
  'approvals',
  'limit-a-grant',
  'hand-a-grant-on',
  'read-the-decision-log',
  'replay-an-agents-life',
  'create-and-revoke-keys',
  'dead-letters',
  'rebuild-a-projection',
];
/** These need other servers, another cell, a broken one, Python, or a release of their own. */
const readOnly = [
  'back-up-and-restore',
  'change-an-event',
  'move-a-tenant',
  'report-from-another-language',
  'roll-the-log-over',
  'run-roles-separately',
  'use-existing-servers',
];

const pages = new Map(
  readPages()
    .filter(({ path }) => path.startsWith('docs/how-to/'))
    .map((page) => [page.path.slice('docs/how-to/'.length, -'.md'.length), page]),
);

let platform: Writ;
let folder: string;

beforeAll(async () => {
  platform = await startWrit({ args: ['--demo'] });
  folder = await mkdtemp(join(tmpdir(), 'writ-how-to-'));
  await symlink(platform.dataDir, join(folder, '.writ'));
  for (const part of ['examples', 'node_modules'])
    await symlink(join(root, part), join(folder, part));
  await eventually(() => platform.process.stdout().includes('Writ is running'), {
    withinMs: 60_000,
  });
});

afterAll(async () => {
  await platform?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

test('every guide is typed, or is among those that can not be', () => {
  expect([...typed, ...readOnly].sort()).toEqual([...pages.keys()].sort());
});

test.each(typed)('%s', async (name) => {
  const page = pages.get(name) ?? { path: name, text: '' };
  const shell = await openShell(folder, {
    HOME: folder,
    WRIT_DATA_DIR: platform.dataDir,
    NODE_COMPILE_CACHE: join(folder, '.compiled'),
  });
  try {
    let ids: Ids = new Map();
    for (const step of stepsOf(page)) ids = await follow(shell, step, ids);
  } finally {
    await shell.close();
  }
});

const LOOKS = /^writ (?:[\w-]+ )?(?:list|show|status|replay|ask|explain|unlisted)\b/;
/** What a page shows of a command that ends with 1. */
const REFUSED =
  /^(?:deny|require_approval|reject|error:|failed again:)|\b(?:failed|changed)$|:\d+:\d+ /;

/** Types a step and holds what comes of it against the page; looks again where rows may come later. */
async function follow(shell: Shell, { commands, shown }: Step, ids: Ids): Promise<Ids> {
  const line = withIds(commands, ids).replaceAll(
    'http://127.0.0.1:8080',
    platform.connection.httpUrl,
  );
  const looks = line
    .trim()
    .split('\n')
    .every((one) => LOOKS.test(one));
  return eventually(
    async () => {
      const { printed, codes } = await shell.type(line);
      const compared = compareOutput(shown, printed, ids);
      const told = { commands: line, printed, missing: compared.missing };
      const refused = codes.filter((code) => code !== 0);
      const mayRefuse = shown.some((one) => REFUSED.test(one));
      expect({
        ...told,
        refused: mayRefuse ? refused.filter((code) => code !== 1) : refused,
      }).toEqual({ ...told, missing: undefined, refused: [] });
      return compared.ids;
    },
    { withinMs: looks ? 10_000 : 0, everyMs: 200 },
  );
}
