/** Pages: what a list answers. */
import { z } from 'zod';

/** The schema of a page of items. */
export function pageOf<S extends z.ZodType>(item: S) {
  return z.object({
    items: z.array(item),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: 'give it as `cursor` for the next page; null at the end' }),
  });
}
