import { describe, expect, test } from 'vitest';
import type { PositionRow } from '../operations/position-row.ts';
import { type CheckedSource, checkPositions } from './checkpoint.ts';

const stream: CheckedSource = {
  source: 'EVENTS',
  cell: 'c00000001',
  segment: 1,
  created: '2027-01-01T00:00:00Z',
  firstSeq: 1,
  lastSeq: 100,
  idAt: async (seq) => `event-${seq}`,
};

const row: PositionRow = {
  projection: 'agents',
  version: 1,
  source: 'EVENTS',
  cell: stream.cell,
  segment: 1,
  stream_created: stream.created,
  seq: 40,
  msg_id: 'event-40',
  epoch: 3,
  status: 'running',
  paused_seq: null,
  paused_reason: null,
  updated_at: '2027-01-01T00:00:00.000Z',
};

const check = (changed: Partial<PositionRow>, source: Partial<CheckedSource> = {}) =>
  checkPositions([{ ...row, ...changed }], [], { ...stream, ...source });

describe('a position and its stream', () => {
  test('belong together when everything matches', async () => {
    await expect(check({})).resolves.toBeUndefined();
  });

  test('are compared by one look at each message, however many projections are there', async () => {
    const looks: number[] = [];
    const idAt = async (seq: number) => {
      looks.push(seq);
      return `event-${seq}`;
    };
    const other = { ...row, seq: 41, msg_id: 'event-41' };
    await checkPositions([row, other, row, row], [], { ...stream, idAt });
    expect(looks).toEqual([40, 41]);
    await expect(
      checkPositions([row, { ...row, msg_id: 'event-39' }], [], { ...stream, idAt }),
    ).rejects.toMatchObject({ code: 'CHECKPOINT_MISMATCH' });
  });

  test('belong together in any segment of the log, and in one that was removed', async () => {
    const segments = [
      { segment: 2, created: '2027-02-01T00:00:00Z', firstSeq: 1 },
      { segment: 3, created: '2027-03-01T00:00:00Z', firstSeq: 1 },
    ];
    const log = { segment: 3, created: '2027-03-01T00:00:00Z', segments };
    const second = { segment: 2, stream_created: '2027-02-01T00:00:00Z' };
    await expect(check(second, log)).resolves.toBeUndefined();
    await expect(check({ segment: 1 }, log)).resolves.toBeUndefined();
    await expect(check({ segment: 2 }, log)).rejects.toMatchObject({ code: 'CHECKPOINT_MISMATCH' });
    await expect(check({ segment: 4 }, log)).rejects.toMatchObject({ code: 'CHECKPOINT_MISMATCH' });
  });

  test.each([
    ['another cell', { cell: 'c00000002' }, {}],
    ['another segment', { segment: 2 }, {}],
    ['a stream that was made anew', {}, { created: '2027-01-02T00:00:00Z' }],
    ['a stream that is shorter', {}, { lastSeq: 39 }],
    ['another message at its place', { msg_id: 'event-of-others' }, {}],
    ['no message at its place', {}, { idAt: async () => undefined }],
  ] as const)('%s is refused and says how to mend it', async (_, changed, source) => {
    await expect(check(changed, source)).rejects.toMatchObject({
      code: 'CHECKPOINT_MISMATCH',
      message: expect.stringContaining('`writ doctor --repair`'),
    });
  });

  test('a position at the start fits any stream', async () => {
    await expect(check({ seq: 0, msg_id: null, cell: 'c00000002' })).resolves.toBeUndefined();
  });

  test('a message that aged out of the stream is not asked for', async () => {
    await expect(check({}, { firstSeq: 60, idAt: async () => undefined })).resolves.toBeUndefined();
  });

  test('rows that another version made are refused', async () => {
    const agents = { name: 'agents', version: 2 } as Parameters<typeof checkPositions>[1][number];
    await expect(checkPositions([row], [agents], stream)).rejects.toMatchObject({
      code: 'CHECKPOINT_MISMATCH',
    });
  });
});
