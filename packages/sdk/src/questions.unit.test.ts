import { expect, test } from 'vitest';
import { toRequest } from './questions.ts';

test('a question is put in the words of AuthZEN', () => {
  expect(
    toRequest({ agentId: 'town:a', action: 'read', resource: 'dataset:a:b', context: { cost: 1 } }),
  ).toEqual({
    subject: { type: 'agent', id: 'town:a' },
    action: { name: 'read' },
    resource: { type: 'dataset', id: 'a:b' },
    context: { cost: 1 },
  });
});

test.each(['dataset', 'dataset:', ':sales', ''])(
  'a resource without a type or an id is refused: `%s`',
  (resource) => {
    expect(() => toRequest({ agentId: 'a', action: 'read', resource })).toThrow(
      `\`${resource}\` is not a resource; write it as \`<type>:<id>\``,
    );
  },
);
