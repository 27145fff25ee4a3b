/**
 * What governors ask of the commander, in the name of the key that asked them. The broker lets nobody
 * else say these: they are no commands, and no client can give them.
 */
import { z } from 'zod';
import { requestApproval, useApproval } from './authority/approval.ts';
import { reserveUse } from './authority/use.ts';
import { recordValidation } from './authority/validation.ts';

type GovernorOrderEntry = { readonly schema: z.ZodType; readonly summary: string };

export const governorOrders = {
  'reserve-use': {
    schema: reserveUse,
    summary: 'reserves a use of each grant that an allow rests on, or none',
  },
  'record-validation': {
    schema: recordValidation,
    summary: 'stores how a result was judged',
  },
  'request-approval': {
    schema: requestApproval,
    summary: 'asks persons to let an agent do exactly this, where none were asked yet',
  },
  'use-approval': { schema: useApproval, summary: 'uses an approval, which can be used once' },
} as const satisfies Record<string, GovernorOrderEntry>;

export type GovernorVerb = keyof typeof governorOrders;
export type GovernorOrderBody<V extends GovernorVerb> = z.output<
  (typeof governorOrders)[V]['schema']
>;

/** An order before it is sent; whose decision it is for comes with it. */
export type GovernorOrder = {
  [V in GovernorVerb]: { readonly verb: V; readonly body: GovernorOrderBody<V> };
}[GovernorVerb];

export function isGovernorVerb(verb: string): verb is GovernorVerb {
  return Object.hasOwn(governorOrders, verb);
}

/**
 * The `result` in the reply to an order. `claimed` is false when the answer it was for can not be given
 * as it is: decide again on a state that has reached the reply's `seq`.
 */
export const claimResult = z.object({ claimed: z.boolean() });
