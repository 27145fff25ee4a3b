/** Commands on dead letters: give one again, lay one aside. */
import { deadLetterId } from '@writ/contracts';
import { z } from 'zod';
import { commandRoute } from '../commands/command-route.ts';
import type { Route } from '../http/route.ts';

const tag = 'dead-letters';
const params = z.strictObject({ letterId: deadLetterId });
const errors = ['NOT_FOUND', 'DEAD_LETTER_CLOSED'] as const;

export const deadLetterCommandRoutes: readonly Route[] = [
  commandRoute({
    method: 'POST',
    path: '/v1/dead-letters/{letterId}/retry',
    verb: 'operations.retry-dead-letter',
    tag,
    operation: 'retryDeadLetter',
    params,
    body: z.strictObject({ letterId: deadLetterId.optional() }),
    errors,
  }),
  commandRoute({
    method: 'DELETE',
    path: '/v1/dead-letters/{letterId}',
    verb: 'operations.drop-dead-letter',
    tag,
    operation: 'dropDeadLetter',
    params,
    body: z.strictObject({
      letterId: deadLetterId.optional(),
      reason: z.string().max(2000).nullable().optional(),
    }),
    errors,
  }),
];
