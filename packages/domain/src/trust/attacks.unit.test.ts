/** Attacks on trust, each played out to its end; the numbers are what the attacker gets. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Town } from './attacks.fixture.ts';

/** What an agent of which nothing is known has. */
const NEWCOMER = 120;

let town: Town;
beforeEach(() => {
  town = new Town();
});

describe('praise that one makes oneself', () => {
  test('of an agent for itself gains nothing, under any source that its key may claim', () => {
    town.register('evil', 'mallory', 'k0mallory');
    for (let n = 0; n < 100; n++, town.pass(1)) {
      town.rate('evil', 1, { by: 'evil', source: 'self', severity: 'high' });
      town.rate('evil', 1, { by: 'evil', source: 'peer', severity: 'high' });
    }
    expect(town.score('evil')).toBe(NEWCOMER);
  });

  test('of a hundred other agents of the same owner gains nothing, though their keys differ', () => {
    town.register('evil', 'mallory', 'k0mallory');
    for (let n = 0; n < 100; n++) {
      town.register(`sybil-${n}`, 'mallory', `k0sybil${n}`);
      town.earn(`sybil-${n}`, 1);
      town.rate('evil', 1, { by: `sybil-${n}`, severity: 'high' });
    }
    expect(town.score('evil')).toBe(NEWCOMER);
  });

  test('of a hundred agents under a hundred owners gains nothing where one key registered them', () => {
    town.register('evil', 'mallory', 'k0mallory');
    for (let n = 0; n < 100; n++) {
      town.register(`sybil-${n}`, `owner-${n}`, 'k0mallory');
      town.earn(`sybil-${n}`, 1);
      town.rate('evil', 1, { by: `sybil-${n}`, severity: 'high' });
    }
    expect(town.score('evil')).toBe(NEWCOMER);
  });

  test('gains nothing by registering again under another owner or another key', () => {
    town.register('evil', 'mallory', 'k0mallory');
    town.register('friend', 'alice', 'k0mallory');
    town.register('evil', 'bob', 'k0second');
    town.earn('friend', 10);
    for (let n = 0; n < 30; n++, town.pass(1)) town.rate('evil', 1, { by: 'friend' });
    expect(town.score('evil')).toBe(NEWCOMER);
  });

  test('gains nothing where the key that registered the praised one speaks for the rater', () => {
    town.register('evil', 'mallory', 'k0mallory');
    town.register('friend', 'alice', 'k0alice');
    town.earn('friend', 10);
    for (let n = 0; n < 30; n++, town.pass(1))
      town.rate('evil', 1, { by: 'friend', key: 'k0mallory' });
    expect(town.score('evil')).toBe(NEWCOMER);
  });
});

describe('a ring of agents with owners and keys of their own', () => {
  test.each([
    { size: 2, days: 365, reaches: 352 },
    { size: 50, days: 60, reaches: 352 },
  ])('$size that praise each other daily reach $reaches after $days days', (ring) => {
    const names = Array.from({ length: ring.size }, (_, n) => `ring-${n}`);
    for (const [n, name] of names.entries()) town.register(name, `owner-${n}`, `k0ring${n}`);
    for (let day = 0; day < ring.days; day++, town.pass(1))
      for (const name of names)
        for (const by of names.slice(0, 12)) town.rate(name, 1, { by, severity: 'high' });
    expect(Math.max(...names.map((name) => town.score(name)))).toBe(ring.reaches);
  });

  test('lifts one that has earned a good name a little, however long it goes on', () => {
    const names = ['honest', 'friend-1', 'friend-2', 'friend-3', 'friend-4'];
    for (const [n, name] of names.entries()) town.register(name, `owner-${n}`, `k0ring${n}`);
    for (const name of names) town.earn(name, 2);
    const earned = town.score('honest');
    for (let n = 0; n < 10; n++)
      for (const by of names.slice(1)) town.rate('honest', 1, { by, severity: 'high' });
    expect(earned).toBe(653);
    expect(town.score('honest')).toBe(699);
  });
});

describe('a new name', () => {
  test('after a critical act gives the score of a newcomer and no more', () => {
    town.register('evil', 'mallory', 'k0mallory');
    town.earn('evil', 10);
    town.fail('evil', 'critical');
    town.register('reborn', 'mallory', 'k0mallory');
    expect(town.score('reborn')).toBe(NEWCOMER);
  });

  test('is not to be had by retiring and registering again: the record stays', () => {
    town.register('evil', 'mallory', 'k0mallory');
    town.fail('evil', 'critical');
    const before = town.score('evil');
    town.tell({ type: 'AgentRetired', data: { agentId: 'evil', reason: null } }, 'k0operator');
    town.register('evil', 'innocent', 'k0innocent');
    expect(before).toBe(8);
    expect(town.score('evil')).toBe(before);
    expect(town.reading('evil').suspended).toBe(true);
  });
});

describe('a long good record', () => {
  test('does not cover one critical act: it is stopped at once and a person has to clear it', () => {
    town.register('sleeper', 'mallory', 'k0mallory');
    town.earn('sleeper', 365);
    expect(town.score('sleeper')).toBe(956);
    town.fail('sleeper', 'critical');
    expect(town.score('sleeper')).toBe(725);
    expect(town.reading('sleeper').suspended).toBe(true);
    town.earn('sleeper', 60);
    expect(town.reading('sleeper').suspended).toBe(true);
    const cleared = { agentId: 'sleeper', reason: 'looked at' };
    town.tell({ type: 'SuspensionCleared', data: cleared }, 'k0operator');
    expect(town.reading('sleeper').suspended).toBe(false);
  });

  test('is not kept up by good and bad work in turns', () => {
    town.register('fickle', 'mallory', 'k0mallory');
    const scores: number[] = [];
    for (let week = 0; week < 52; week++) {
      town.earn('fickle', 6);
      town.rate('fickle', 0, { by: 'usr_0', source: 'human', severity: 'major' });
      town.pass(1);
      scores.push(town.score('fickle'));
    }
    expect(Math.max(...scores)).toBeLessThan(830);
    expect(scores.at(-1)).toBeLessThan(600);
  });
});

describe('a rater that wants to sink a rival', () => {
  /** An agent, and its twin that nobody blames, after the same good days. */
  const settle = (days: number): void => {
    for (const name of ['rival', 'twin']) town.register(name, 'alice', 'k0alice');
    for (let day = 0; day < days; day++, town.pass(1)) goodDay();
  };
  const goodDay = (): void => {
    town.praise('rival');
    town.praise('twin');
  };
  const scores = (): number[] => [town.score('twin'), town.score('rival')];
  const blame = (by: string): void => town.rate('rival', 0, { by, severity: 'critical' });

  test('takes a bounded part of its trust, and does not stop it', () => {
    town.register('critic', 'mallory', 'k0mallory');
    town.earn('critic', 30);
    settle(30);
    blame('critic');
    expect(scores()).toEqual([956, 941]);
    for (let n = 0; n < 1000; n++) blame('critic');
    expect(scores()).toEqual([956, 941]);
    for (let day = 0; day < 365; day++, town.pass(1)) {
      goodDay();
      blame('critic');
    }
    expect(scores()).toEqual([956, 928]);
    expect(town.reading('rival').suspended).toBe(false);
  });

  test('does no more with fifty agents of fifty owners and keys', () => {
    settle(30);
    for (let n = 0; n < 50; n++) {
      town.register(`critic-${n}`, `owner-${n}`, `k0critic${n}`);
      blame(`critic-${n}`);
    }
    expect(scores()).toEqual([956, 928]);
    expect(town.reading('rival').suspended).toBe(false);
  });

  test('takes most where there is little: of an agent with two good days', () => {
    settle(2);
    for (let n = 0; n < 50; n++) {
      town.register(`critic-${n}`, `owner-${n}`, `k0critic${n}`);
      blame(`critic-${n}`);
    }
    expect(scores()).toEqual([691, 559]);
  });
});

test('peers that have said all they may do not use up the praise that people give on a day', () => {
  for (const name of ['worker', 'twin']) town.register(name, 'alice', 'k0alice');
  for (let n = 0; n < 12; n++) {
    town.register(`ring-${n}`, `owner-${n}`, `k0ring${n}`);
    town.earn(`ring-${n}`, 5);
  }
  const flood = (name: string): void => {
    for (let n = 0; n < 12; n++) town.rate(name, 1, { by: `ring-${n}`, severity: 'high' });
  };
  for (const name of ['worker', 'twin']) flood(name);
  town.pass(1);
  flood('worker');
  for (const name of ['worker', 'twin']) town.praise(name);
  expect(town.score('worker')).toBeGreaterThanOrEqual(town.score('twin'));
});

test('praise of one rater counts once a day, however often it is sent', () => {
  town.register('worker', 'alice', 'k0alice');
  for (let n = 0; n < 1000; n++) town.rate('worker', 1, { by: 'usr_dana', source: 'human' });
  expect(town.score('worker')).toBe(253);
});
