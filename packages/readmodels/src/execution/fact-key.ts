import type { ProjectedEvent } from '../projection/projection.ts';

/** The key of a fact: ids that clients bring are unique per agent and kind. No part but the last holds a `/`. */
export function factKey(tenant: string, agentId: string, id: string): string {
  return `${tenant}/${agentId}/${id}`;
}

/** How a fact was given: by whose API key, under which idempotency key. */
export type Giving = {
  readonly tenant: string;
  readonly agentId: string;
  readonly keyId: string;
  readonly idempotencyKey: string | null;
};

/** The same of the idempotency key it was given under, where there was one. Each API key has idempotency keys of its own. */
export function givenUnder({ tenant, agentId, keyId, idempotencyKey }: Giving): string | null {
  return idempotencyKey === null ? null : `${tenant}/${agentId}/${keyId}/${idempotencyKey}`;
}

/** How the fact of an event was given. */
export function givingOf(
  agentId: string,
  event: Pick<ProjectedEvent, 'tenant' | 'actor' | 'idempotencyKey'>,
): Giving {
  const { tenant, actor, idempotencyKey } = event;
  return { tenant, agentId, keyId: actor.id, idempotencyKey };
}
