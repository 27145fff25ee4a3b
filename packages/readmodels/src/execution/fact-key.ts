/** The key of a fact: ids that clients bring are unique per agent and kind. No part but the last holds a `/`. */
export function factKey(tenant: string, agentId: string, id: string): string {
  return `${tenant}/${agentId}/${id}`;
}

/** The same of the idempotency key it was given under, where it was given under one. */
export function givenUnder(
  tenant: string,
  agentId: string,
  idempotencyKey: string | null,
): string | null {
  return idempotencyKey === null ? null : factKey(tenant, agentId, idempotencyKey);
}
