/** Logs of every release, read and folded by the code of today, for ever. */
import { headerOf, type StoredEvent } from '@writ/bus';
import { type EventName, events, eventTypes, schemasOf, typeOf } from '@writ/contracts';
import { kindOf, projections } from '@writ/readmodels';
import { describe, expect, test } from 'vitest';
import { eventSchemas } from '../../apps/api/src/reference/schema-lock.ts';
import { readCorpus, readExpected, readMessages, releases } from './corpus.ts';
import { finalState } from './final-state.ts';

const typeIn = (message: Parameters<typeof headerOf>[0]) => headerOf(message, 'ce-type') ?? '';

/** The events that each projection's first rows come of. */
const rowsComeOf: Readonly<Record<string, readonly EventName[]>> = {
  agents: ['AgentRegistered'],
  grants: ['GrantIssued'],
  approvals: ['ApprovalRequested'],
  policies: ['PoliciesPublished', 'SchemaPublished'],
  'kill-switches': ['KillSwitchEngaged'],
  keys: ['KeyCreated'],
  executions: ['ExecutionStarted', 'ExecutionReported'],
  validations: ['ValidationPublished', 'ResultValidated'],
  feedback: ['FeedbackGiven'],
  trust: ['AgentRegistered', 'KeyCreated', 'TrustModelPublished'],
};

describe.each(releases())('the log of release %s', (release) => {
  test('comes to the state that it came to then', async () => {
    expect(finalState(await readCorpus(release))).toEqual(await readExpected(release));
  });

  test('has data as the schema says that it was written under', async () => {
    for (const message of await readMessages(release)) {
      const known = eventTypes.resolve(typeIn(message));
      const schema = known && schemasOf(known.name).get(known.version);
      const data: unknown = JSON.parse(Buffer.from(message.data).toString('utf8'));
      expect(schema?.parse(data), `${message.seq}`).toEqual(data);
    }
  });

  test('is read as data of the newest schemas', async () => {
    for (const { type, data, seq } of await readCorpus(release))
      expect(events[type].data.parse(data), `${seq}`).toEqual(data);
  });

  test('has the versions of every aggregate without a hole', async () => {
    const versions = new Map<string, number>();
    for (const { subject, version } of await readCorpus(release)) {
      expect(version).toBe((versions.get(subject) ?? 0) + 1);
      versions.set(subject, version);
    }
  });

  test.each(projections.EVENTS)('becomes rows of $name where it has events of it', async (one) => {
    const log = await readCorpus(release);
    const isTold = log.some(({ type }) => rowsComeOf[one.name]?.includes(type) === true);
    expect(makesRows(one, log)).toBe(isTold);
  });
});

test.each(projections.EVENTS)('the log of some release becomes rows of $name', async (one) => {
  const logs = await Promise.all(releases().map(readCorpus));
  expect(logs.some((log) => makesRows(one, log))).toBe(true);
});

/** Folds what a projection reads of a log; says whether rows came of it. */
function makesRows(
  { open, kinds }: (typeof projections.EVENTS)[number],
  log: readonly StoredEvent[],
): boolean {
  const fold = open();
  for (const event of log.filter(({ subject }) => kinds.includes(kindOf(subject)))) {
    fold.need(event);
    fold.apply(event);
  }
  fold.finish?.();
  return fold.sets.some((set) => set.write() !== undefined);
}

test('every version of every event that was ever published is in the log of some release', async () => {
  const logs = await Promise.all(releases().map(readMessages));
  const kept = new Set(logs.flat().map(typeIn));
  expect([...eventSchemas().keys()].filter((type) => !kept.has(type))).toEqual([]);
  expect(kept.has(typeOf('KeyRevoked'))).toBe(true);
});

test('a log whose fold comes to something else is told', async () => {
  const [release = ''] = releases();
  const tampered = (await readCorpus(release)).filter(({ type }) => type !== 'GrantRevoked');
  expect(finalState(tampered)).not.toEqual(await readExpected(release));
});
