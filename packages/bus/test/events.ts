/** Events for tests of the log, where only their being stored matters. */
import { randomUUID } from 'node:crypto';
import type { AggregateWrite, NewEvent } from '@writ/bus';
import { subjects } from '@writ/contracts';

export const agent = (name: string) => subjects.agent('default', `fleet:${name}`);
export const grants = (name: string) => subjects.grants('default', `fleet:${name}`);

/** An event that says which it is in its reason. */
export function suspended(name: string, reason: string, version = 1): NewEvent {
  return {
    type: 'AgentSuspended',
    data: { agentId: `fleet:${name}`, reason },
    id: randomUUID(),
    timeMs: Date.UTC(2026, 0, 1),
    version,
    tenant: 'default',
    actor: { type: 'api_key', id: 'tester00001' },
    aggregate: `agent/fleet:${name}`,
  };
}

/** One write of as many events as there are reasons. */
export function write(
  subject: string,
  expectedLastSeq: number,
  ...reasons: readonly string[]
): AggregateWrite {
  const name = subject.split('.').at(-1) ?? '';
  return {
    subject,
    expectedLastSeq,
    events: reasons.map((reason, index) => suspended(name, reason, index + 1)),
  };
}

/** What the events of `write` said. */
export function reasonOf(event: { readonly data: unknown }): string {
  return (event.data as { reason: string }).reason;
}
