import { expect, test } from 'vitest';
import { ApprovalBook } from './approval-book.ts';

const MORE_THAN_KEPT = 100_001;

function asked(book: ApprovalBook, tenant: string, approvalId: string): void {
  const approval = { agentId: 'asker', approvalId, untilMs: 1, status: 'pending' } as const;
  book.take(tenant, new Map([['asker', { approvals: new Map([[approvalId, approval]]) }]]));
}

test('an approval that is open is known however many others were asked for and closed since', () => {
  const book = new ApprovalBook();
  asked(book, 'patient', 'open');
  asked(book, 'patient', 'closed');
  book.close('patient', 'closed');
  expect(book.agentOf('patient', 'closed')).toBe('asker');
  for (let n = 0; n < MORE_THAN_KEPT; n++) {
    asked(book, 'busy', `closed-${n}`);
    book.close('busy', `closed-${n}`);
  }
  expect(book.agentOf('patient', 'open')).toBe('asker');
  expect(book.agentOf('patient', 'closed')).toBeUndefined();
});
