import { subjects } from '@writ/contracts';
import { expect, test } from 'vitest';
import { kindOf } from '../projection/projection.ts';
import { trustProjection } from './trust-projection.ts';

test('trust is projected from every subject that holds events of it', () => {
  const held = [subjects.agent, subjects.facts, subjects.validations, subjects.suspension].map(
    (of) => of('default', 'worker'),
  );
  const others = [subjects.trustModel('default'), subjects.key('default', 'k0registrar0')];
  expect(new Set(trustProjection.kinds)).toEqual(new Set([...held, ...others].map(kindOf)));
});
