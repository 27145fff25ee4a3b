import { describe, expect, test } from 'vitest';
import { planFor, type Present, streamDefaults } from './plan.ts';
import { DECISIONS_FLOOR_DAYS, topology } from './topology.ts';

const declared = topology({ ingest: 'ab'.repeat(16), replicas: 3 });

/** What the broker has, with a stream's configuration changed and so many bytes in use. */
function present(name?: string, change: object = {}, bytes = 1000): Present {
  return {
    streams: new Map(
      declared.streams.map((stream) => [
        stream.name,
        {
          config: { ...streamDefaults, ...stream, ...(stream.name === name ? change : {}) },
          bytes,
        },
      ]),
    ),
    consumers: new Map(
      declared.consumers.map(({ stream, ...config }) => [
        `${stream}/${config.durable_name}`,
        { ...config },
      ]),
    ),
  };
}

const stepOf = (found: Present, target: string) =>
  planFor(declared, found).steps.find((step) => step.target === target);

test('whoever took a command and is silent is given up after the same short time, each time', () => {
  const inbox = declared.consumers.find(({ stream }) => stream === 'INBOX');
  expect(inbox).toMatchObject({ ack_wait: 15_000_000_000, backoff: [] });
});

describe('a plan', () => {
  test('creates everything where there is nothing', () => {
    const plan = planFor(declared, { streams: new Map(), consumers: new Map() });
    expect(plan.steps.map((step) => [step.target, step.action])).toEqual([
      ['EVENTS-1', 'create'],
      ['DECISIONS', 'create'],
      ['INBOX', 'create'],
      ['OPS', 'create'],
      ['SNAPSHOTS', 'create'],
      ['INBOX/commander', 'create'],
      ['OPS/dead-letters', 'create'],
    ]);
  });

  test('does nothing where everything is as declared, whatever the order of subjects and the broker’s own defaults', () => {
    const ops = declared.streams.find((stream) => stream.name === 'OPS');
    const more = {
      subjects: [...(ops?.subjects ?? [])].reverse(),
      compression: 'none',
      sealed: false,
      consumer_limits: {},
      metadata: { '_nats.ver': '2.14.0' },
    };
    expect(
      planFor(declared, present('OPS', more)).steps.every((step) => step.action === 'none'),
    ).toBe(true);
  });

  test('says of every change what it was and what it would be', () => {
    expect(stepOf(present('INBOX', { duplicate_window: 120_000_000_000 }), 'INBOX')).toEqual({
      target: 'INBOX',
      action: 'update',
      changes: [{ path: 'duplicate_window', from: 120_000_000_000, to: 100_000_000 }],
      reason: null,
    });
  });

  test('notes streams that nobody declared, and leaves them alone', () => {
    const found = present();
    const streams = new Map(found.streams).set('THEIRS', { config: { name: 'THEIRS' }, bytes: 0 });
    const plan = planFor(declared, { ...found, streams });
    expect(plan.notes).toEqual([expect.stringContaining('`THEIRS`')]);
    expect(plan.steps.every((step) => step.action === 'none')).toBe(true);
  });
});

const DAY = 86_400_000_000_000;

describe('what is safe is changed', () => {
  test.each([
    ['EVENTS-1', 'a wider subject', { subjects: [] }],
    ['EVENTS-1', 'more copies', { num_replicas: 1 }],
    ['EVENTS-1', 'more room', { max_bytes: 1024 }],
    ['EVENTS-1', 'protection from deletes', { deny_delete: false, deny_purge: false }],
    ['EVENTS-1', 'refusing instead of forgetting', { discard: 'old' }],
    ['EVENTS-1', 'its republished subjects', { republish: undefined }],
    ['DECISIONS', 'a longer memory', { max_age: 200 * DAY }],
    ['INBOX', 'no end where there was one', { max_age: DAY }],
  ])('%s: %s', (name, _, was) => expect(stepOf(present(name, was), name)?.action).toBe('update'));
});

describe('what could lose data is refused, with the reason', () => {
  test.each([
    ['EVENTS-1', 'a subject taken away', { subjects: ['_writ.x.*.evt.>', 'other.>'] }, 'other.>'],
    [
      'EVENTS-1',
      'another transform',
      { subject_transform: { src: '_writ.x.*.evt.>', dest: 'writ.{{wildcard(1)}}.evt.>' } },
      'subject_transform',
    ],
    ['EVENTS-1', 'another retention', { retention: 'interest' }, 'retention'],
    ['EVENTS-1', 'another storage', { storage: 'memory' }, 'storage'],
    ['EVENTS-1', 'fewer copies', { num_replicas: 5 }, 'copies'],
    ['OPS', 'forgetting instead of refusing', { discard: 'new' }, 'discard'],
    ['DECISIONS', 'a shorter memory', { max_age: 500 * DAY }, 'max_age'],
    ['DECISIONS', 'an end where there was none', { max_age: 0 }, 'max_age'],
    ['EVENTS-1', 'a stream that copies another', { mirror: { name: 'THEIRS' } }, 'mirror'],
    ['EVENTS-1', 'schedules', { allow_msg_schedules: true }, 'allow_msg_schedules'],
  ])('%s: %s', (name, _, was, reason) => {
    expect(stepOf(present(name, was), name)).toMatchObject({
      action: 'refuse',
      reason: expect.stringContaining(reason),
    });
  });

  test('a limit below what is in use', () => {
    const found = present('EVENTS-1', { max_bytes: -1 }, 2 ** 50);
    expect(stepOf(found, 'EVENTS-1')).toMatchObject({
      action: 'refuse',
      reason: expect.stringContaining('in use'),
    });
  });

  test('a consumer that would forget what it delivered', () => {
    const found = present();
    const consumers = new Map(
      [...found.consumers].map(([name, config]) => [name, { ...config, deliver_policy: 'new' }]),
    );
    expect(stepOf({ ...found, consumers }, 'INBOX/commander')).toMatchObject({
      action: 'refuse',
      reason: expect.stringContaining('deliver_policy'),
    });
  });

  test('as a whole, also when another change of the same stream would be safe', () => {
    expect(
      stepOf(present('EVENTS-1', { num_replicas: 1, retention: 'interest' }), 'EVENTS-1')?.action,
    ).toBe('refuse');
  });
});

describe('the topology', () => {
  test(`keeps decision records ${DECISIONS_FLOOR_DAYS} days at least`, () => {
    expect(() =>
      topology({ ingest: 'x', replicas: 1, decisionsMaxAgeDays: DECISIONS_FLOOR_DAYS - 1 }),
    ).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(
      topology({ ingest: 'x', replicas: 1, decisionsMaxAgeDays: DECISIONS_FLOOR_DAYS }).streams,
    ).toHaveLength(5);
  });

  test('refuses a number of copies that can not vote', () => {
    expect(() => topology({ ingest: 'x', replicas: 2 })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  test('lets nothing but the ingest prefix into what governs', () => {
    for (const { name, subjects } of declared.streams)
      for (const subject of subjects)
        if (name !== 'INBOX')
          expect(subject).toMatch(
            /^_writ\.(ab){16}\.\*\.(evt|dec|ops|snapshot)\.>$|^\$JS\.EVENT\.ADVISORY\./,
          );
  });
});
