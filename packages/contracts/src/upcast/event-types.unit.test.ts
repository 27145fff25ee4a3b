import { describe, expect, test } from 'vitest';
import { type EventName, events, schemasOf, typeOf } from '../events.ts';
import { openEventTypes } from './event-types.ts';
import { eventNameOf, eventTypes } from './upcasters.ts';

const declared = {
  Made: { context: 'registry', version: 3 },
  Ended: { context: 'registry', version: 1 },
} as const;
const types = openEventTypes(declared, {
  Made: {
    1: ({ title, ...data }) => ({ ...data, name: title }),
    2: (data) => ({ ...data, labels: {} }),
  },
});

describe('the types of events', () => {
  test('know every version, and bring data of any of them to the newest', () => {
    const read = (version: number, data: object) =>
      types.resolve(`dev.writ.registry.Made.v${version}`)?.upcast?.({ ...data });
    expect(read(1, { id: 'a', title: 'x' })).toEqual({ id: 'a', name: 'x', labels: {} });
    expect(read(2, { id: 'a', name: 'x' })).toEqual({ id: 'a', name: 'x', labels: {} });
    expect(types.resolve('dev.writ.registry.Made.v3')).toEqual({ name: 'Made', version: 3 });
  });

  test('leave the data they were given as it is', () => {
    const data = Object.freeze({ id: 'a', title: 'x' });
    types.resolve('dev.writ.registry.Made.v1')?.upcast?.(data);
    expect(data).toEqual({ id: 'a', title: 'x' });
  });

  test.each([
    ['dev.writ.registry.Made.v4', 'reads `Made` up to v3'],
    ['dev.writ.registry.Ended.v2', 'reads `Ended` up to v1'],
    ['dev.writ.registry.Renamed.v1', 'does not know'],
    ['dev.writ.trust.Made.v1', 'does not know'],
    ['dev.writ.registry.Made.v0', 'does not know'],
    ['dev.writ.registry.Made', 'does not know'],
    ['dev.writ.registry.toString.v1', 'does not know'],
    ['', 'does not know'],
  ])('refuse `%s`: the release %s', (type, why) => {
    expect(types.resolve(type)).toBeUndefined();
    expect(types.explain(type)).toContain(why);
  });

  test.each([
    ['a step is missing', 3, { 1: () => ({}) }, 'no upcaster from v2 to v3'],
    ['a step leads nowhere', 1, { 1: () => ({}) }, 'has an upcaster from v1'],
    [
      'a step comes from no version',
      2,
      { 0: () => ({}), 1: () => ({}) },
      'has an upcaster from v0',
    ],
  ])('are not opened where %s', (_, version, Made, why) => {
    expect(() => openEventTypes({ Made: { context: 'registry', version } }, { Made })).toThrow(why);
  });
});

describe('the types of this release', () => {
  const names = Object.keys(events) as EventName[];

  test.each(names)(
    '%s is found under the newest version, which is written without a step',
    (name) => {
      expect(eventNameOf(typeOf(name))).toBe(name);
      expect(eventTypes.resolve(typeOf(name))?.upcast).toBeUndefined();
    },
  );

  test.each(names)('%s has the schema of each of its versions', (name) => {
    const { version } = events[name];
    expect([...schemasOf(name).keys()].sort()).toEqual(
      Array.from({ length: version }, (_, i) => i + 1),
    );
  });
});
