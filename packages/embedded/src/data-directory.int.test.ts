import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lockDataDirectory } from './data-directory.ts';
import { emptyDirectory, isRunning, startParent, until } from './embedded.testkit.ts';
import { processIdentity } from './process-identity.ts';

const lockOf = (path: string): Promise<unknown> =>
  lockDataDirectory(path).catch((thrown: unknown) => thrown);

/** Root reads everything, so the (synchronous) look at the directory is taken as somebody else. */
function asNobody<T>(look: () => T): T {
  if (process.getuid?.() !== 0) return look();
  process.seteuid?.(65_534);
  try {
    return look();
  } finally {
    process.seteuid?.(0);
  }
}

describe('a data directory', () => {
  test('has one owner at a time, within a process and across processes', async () => {
    const folder = emptyDirectory();
    const first = await lockDataDirectory(folder);
    expect(await lockOf(folder)).toMatchObject({ code: 'DATA_IN_USE' });
    first.release();
    const parent = await startParent(folder);
    const refused = await lockOf(folder);
    expect(refused).toMatchObject({ code: 'DATA_IN_USE' });
    expect(String(refused)).toContain(`in use by process ${parent.process.pid}`);
  });

  test('of a killed owner is taken over and its servers are ended first', async () => {
    const folder = emptyDirectory();
    const { process: parent, servers } = await startParent(folder);
    parent.kill('SIGKILL');
    await until(() => parent.signalCode === 'SIGKILL');
    expect(isRunning(servers.nats.pid)).toBe(true);
    expect(isRunning(servers.postgres.pid)).toBe(true);
    const taken = await lockDataDirectory(folder);
    expect([...taken.reaped].sort()).toEqual(['nats-server', 'postgres']);
    expect(isRunning(servers.nats.pid)).toBe(false);
    expect(isRunning(servers.postgres.pid)).toBe(false);
    taken.release();
  });

  test('of an owner that just exits leaves no server behind', async () => {
    const folder = emptyDirectory();
    const { process: parent, servers } = await startParent(folder);
    parent.kill('SIGTERM');
    await until(() => parent.exitCode === 0);
    await until(() => !isRunning(servers.nats.pid) && !isRunning(servers.postgres.pid));
  });

  test('does not end a process that only got the number of a recorded one', async () => {
    const folder = emptyDirectory();
    mkdirSync(join(folder, 'run'));
    const record = { name: 'postgres', pid: process.pid, identity: 'another boot/1', steps: [] };
    writeFileSync(join(folder, 'run', 'postgres.json'), JSON.stringify(record));
    const taken = await lockDataDirectory(folder);
    expect(taken.reaped).toEqual([]);
    expect(readdirSync(join(folder, 'run'))).toEqual([]);
    taken.release();
  });

  test('whose claim is of a dead process is free', async () => {
    const folder = emptyDirectory();
    mkdirSync(join(folder, 'owners'));
    writeFileSync(join(folder, 'owners', '999999999-x.json'), '{"pid":999999999,"identity":"x"}');
    writeFileSync(join(folder, 'owners', '999999998-x.json'), '{"pid":99');
    (await lockDataDirectory(folder)).release();
  });

  test('that is made here is closed to others and a file in its place is refused', async () => {
    const folder = join(emptyDirectory(), 'data');
    (await lockDataDirectory(folder)).release();
    expect(statSync(folder).mode & 0o066).toBe(0);
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(await lockOf(file)).toMatchObject({ code: 'DATA_UNREADABLE' });
    expect(await lockOf(join(file, 'below'))).toMatchObject({ code: 'DATA_UNREADABLE' });
  });

  test('that this user cannot read is refused with what to do', async () => {
    const folder = emptyDirectory();
    chmodSync(folder, 0o000);
    const refused = await asNobody(() => lockOf(folder));
    chmodSync(folder, 0o700);
    expect(refused).toMatchObject({ code: 'DATA_UNREADABLE' });
    expect(String(refused)).toMatch(/cannot read or write `.*` \(EACCES\); give it to this user/);
  });
});

test('a process is told from a later one with the same number', () => {
  expect(processIdentity(process.pid)).toBe(processIdentity(process.pid));
  expect(processIdentity(process.pid)).not.toBe(processIdentity(process.ppid));
  expect(processIdentity(999_999_999)).toBeUndefined();
});
