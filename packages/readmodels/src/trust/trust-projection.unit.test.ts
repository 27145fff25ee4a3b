import { subjects } from '@writ/contracts';
import { expect, test } from 'vitest';
import { kindOf } from '../projection/projection.ts';
import { trustProjection } from './trust-projection.ts';

test('trust is projected from every subject that holds events of it', () => {
  const held = [subjects.agent, subjects.facts, subjects.validations, subjects.suspension];
  expect(new Set(trustProjection.kinds)).toEqual(
    new Set(held.map((of) => kindOf(of('default', 'worker')))),
  );
});
