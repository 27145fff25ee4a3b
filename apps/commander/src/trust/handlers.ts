/** Commands of trust: ratings, and the clearing of a latched suspension. */
import { type GiveFeedback, subjects, WritError } from '@writ/contracts';
import { facts, speaksFor, suspension } from '@writ/domain';
import { partOf } from '../aggregates.ts';
import type { Desk, Handler } from '../desk.ts';
import { derivedId } from '../identifiers.ts';
import { type Caller, thingIdOf } from '../order.ts';

export const giveFeedback: Handler<'trust.give-feedback'> = async (desk, order) => {
  const { agentId, rating, severity } = order.body;
  const { tenant } = order.caller;
  await requireRater(desk, order.caller, order.body);
  const feedbackId = order.body.feedbackId ?? thingIdOf(order);
  const fact = {
    ...order.body,
    feedbackId,
    severity: severity ?? (rating >= 0.5 ? ('normal' as const) : ('minor' as const)),
  };
  return desk.facts.record(order, {
    kind: 'feedback',
    agentId,
    id: feedbackId,
    eventId: derivedId(tenant, agentId, 'feedback', feedbackId),
    subject: subjects.facts(tenant, agentId),
    decide: async () => {
      const standing = await desk.directory.standing(tenant, agentId);
      return facts.decide(facts.initial(), { type: 'GiveFeedback', standing, fact });
    },
    result: (id) => ({ feedbackId: id }),
  });
};

/** Who rates, and as what, must be what the key may say: nobody praises in another's name. */
async function requireRater(
  desk: Desk,
  caller: Caller,
  { source, rater, agentId, rating }: GiveFeedback,
): Promise<void> {
  if (source === 'human' || source === 'system') {
    if (caller.role !== 'admin')
      throw new WritError(
        'SOURCE_NOT_ALLOWED',
        `an agent's key may rate as \`self\` or \`peer\`, not as \`${source}\``,
        {
          details: [{ path: 'source', message: 'must be `self` or `peer` for an agent key' }],
        },
      );
    return;
  }
  if (!speaksFor(caller, rater))
    throw new WritError(
      'IDENTITY_MISMATCH',
      `the key does not speak for rater \`${rater}\`; name an agent it speaks for`,
      {
        details: [{ path: 'rater', message: 'must be an agent that the key speaks for' }],
      },
    );
  if ((source === 'self') !== (rater === agentId))
    throw new WritError(
      'BODY_INVALID',
      `the body is not valid: \`rater\` must ${source === 'self' ? '' : 'not '}be the rated agent`,
      {
        details: [
          {
            path: 'rater',
            message:
              source === 'self'
                ? 'must be the rated agent for `self`'
                : 'must be another agent for `peer`',
          },
        ],
      },
    );
  // An admin may register agents for a key that speaks for all of them: then no registrar ties them together.
  if (source === 'peer' && caller.role === 'agent' && rating >= 0.5 && speaksFor(caller, agentId))
    throw new WritError(
      'SOURCE_NOT_ALLOWED',
      `the key speaks for \`${agentId}\` too, so it can not praise it as a peer; let another key rate it`,
      {
        details: [{ path: 'source', message: 'must not be `peer` for an agent of the same key' }],
      },
    );
  if (source === 'peer' && (await desk.directory.standing(caller.tenant, rater)) === 'unknown')
    throw new WritError(
      'AGENT_UNKNOWN',
      `rater \`${rater}\` is not registered; register it first`,
      {
        details: [{ path: 'rater', message: 'must be a registered agent' }],
      },
    );
}

export const clearSuspension: Handler<'trust.clear-suspension'> = async (desk, order) => {
  const { agentId } = order.body;
  const { tenant } = order.caller;
  if ((await desk.directory.standing(tenant, agentId)) === 'unknown')
    throw new WritError(
      'AGENT_UNKNOWN',
      `agent \`${agentId}\` is not registered; register it first`,
      {
        details: [{ path: 'agentId', message: 'must be a registered agent' }],
      },
    );
  const where = {
    subject: subjects.suspension(tenant, agentId),
    aggregate: `suspension/${agentId}`,
  };
  const command = { type: 'ClearSuspension' as const, clearing: order.body };
  return desk.aggregates.execute(order, {
    parts: [partOf(where, suspension, () => command)],
    result: () => ({ agentId }),
  });
};
