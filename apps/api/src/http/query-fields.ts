/** Query parameters of the API beside those that the contracts have for every list. */
import { timestamp } from '@writ/contracts';
import { z } from 'zod';

export const atLeast = z
  .string()
  .min(1, 'must be the `Writ-Token` of a reply')
  .max(256, 'must be the `Writ-Token` of a reply')
  .optional()
  .meta({ description: 'a `Writ-Token`: answer from a state at least that fresh' });

export const sequence = z.coerce
  .number({ error: 'must be a whole number' })
  .int('must be a whole number')
  .min(0, 'must not be negative');

const instant = timestamp.transform((text) => Date.parse(text));

export const since = instant.optional().meta({ description: 'from this time on (RFC 3339)' });
export const until = instant.optional().meta({ description: 'before this time (RFC 3339)' });
