import { expect, test } from 'vitest';
import { kindOf } from './projection.ts';

test.each([
  ['writ.default.evt.execution.facts.bench.agent-1', 'execution.facts'],
  ['writ.default.evt.authority.policies._', 'authority.policies'],
  ['writ.default.evt.authority.policies', 'authority.policies'],
  ['writ.default.dec.bench.agent-1', 'dec'],
  ['writ.default.ops.dead-letter.projector.1', 'ops.dead-letter'],
  ['writ.default.ops.dead-letter-outcome.x', 'ops.dead-letter-outcome'],
  ['writ.evt.dec', 'dec'],
  ['writ.default', ''],
  ['', ''],
])('the kind of `%s` is `%s`', (subject, kind) => {
  expect(kindOf(subject)).toBe(kind);
});
