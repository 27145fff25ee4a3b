import { describe, expect, test } from 'vitest';
import { problemIn } from './log-problem.ts';

const lines: readonly (readonly [string, string])[] = [
  [
    'DISK_FULL',
    '[11] 2026/11/20 10:00:00.000000 [ERR] JetStream failed to store a msg on stream: write 1.blk: no space left on device',
  ],
  ['DISK_FULL', 'PANIC:  could not write to file "pg_wal/xlogtemp.77": No space left on device'],
  ['DISK_FULL', '[WRN] JetStream out of resources, will be DISABLED: insufficient resources'],
  [
    'PORT_TAKEN',
    '[FTL] Error listening on port: 127.0.0.1:4222, "listen tcp 127.0.0.1:4222: bind: address already in use"',
  ],
  ['PORT_TAKEN', 'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use'],
  ['DATA_IN_USE', 'FATAL:  lock file "postmaster.pid" already exists'],
  ['DATA_UNREADABLE', 'FATAL:  could not open file "global/pg_control": Permission denied'],
  ['DATA_UNREADABLE', 'initdb: error: could not create directory "/x": Permission denied'],
  ['DATA_UNREADABLE', 'FATAL:  database files are incompatible with server'],
];

describe("a server's log", () => {
  test.each(lines)('with %s in it is recognised: %s', (code, line) => {
    const problem = problemIn('the server', `one line\n${line}\nanother line`);
    expect(problem).toMatchObject({ code });
    expect(problem?.message).toContain(line);
  });

  test('with nothing known in it, or a refused statement, is no problem', () => {
    expect(problemIn('postgres', '')).toBeUndefined();
    expect(
      problemIn('postgres', 'LOG:  database system is ready to accept connections'),
    ).toBeUndefined();
    expect(problemIn('postgres', 'ERROR:  permission denied for table agents')).toBeUndefined();
  });
});
