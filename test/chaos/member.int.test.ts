import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@writ/embedded';
import { expect, test } from 'vitest';
import { postgresMember } from './member.ts';

test('a Postgres that can not start again is a failure, and may be tried again', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'writ-chaos-member-'));
  const first = await startPostgres({ dataDir, fsync: false });
  const member = postgresMember(first, dataDir, 1);
  await member.kill();
  const squatter = createServer().listen(first.port, '127.0.0.1');
  await once(squatter, 'listening');
  await expect(member.restart()).rejects.toThrow('postgres could not start: EmbeddedError');
  expect(member.up).toBe(false);
  await new Promise((resolve) => squatter.close(resolve));
  await member.restart();
  expect(member.up).toBe(true);
  await member.stop();
  await rm(dataDir, { recursive: true });
});
