import { expect, test } from 'vitest';
import { ApprovalBook } from './approval-book.ts';
import { expireAll } from './expire-approvals.ts';

const tenant = 'default';
const going = new AbortController().signal;

function bookOf(agentIds: readonly string[]): ApprovalBook {
  const book = new ApprovalBook();
  for (const agentId of agentIds) {
    const approval = {
      agentId,
      approvalId: `of-${agentId}`,
      untilMs: 1,
      status: 'pending',
    } as const;
    book.take(tenant, new Map([[agentId, { approvals: new Map([['one', approval]]) }]]));
  }
  return book;
}

test('an approval that fails is tried again, and the others are done with though nothing is stored', async () => {
  const book = bookOf(['a', 'b', 'c']);
  const troubles: unknown[] = [];
  let tried = 0;
  const execute = () => {
    tried++;
    return tried === 1
      ? Promise.reject(new Error('away'))
      : Promise.resolve({ events: [], seq: 0, result: {} });
  };
  const options = {
    book,
    aggregates: { execute },
    refuseDoubt: () => undefined,
    nowMs: () => 2,
    onTrouble: (error: unknown) => void troubles.push(error),
  };
  await expireAll(options, book.over(2), going);
  expect([tried, troubles]).toEqual([3, [new Error('away')]]);
  expect(book.over(2).map(({ agentId }) => agentId)).toEqual(['a']);
  await expireAll(options, book.over(2), going);
  expect(book.over(2)).toEqual([]);
});
