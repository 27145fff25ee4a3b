/** A world told event by event, for tests. */
import type { RecordedEvent, WritEvent } from '@writ/contracts';
import { emptyWorld, foldEvent, type World } from './world.ts';

export const nowMs = Date.UTC(2027, 0, 4, 9);
export const tenant = 'default';

export class ToldWorld {
  readonly world: World = emptyWorld();
  #grants = 0;

  tell(event: WritEvent, timeMs = nowMs - 60_000): this {
    const meta = {
      seq: this.world.seq + 1,
      subject: 's',
      tenant,
      id: 'e',
      timeMs,
      version: 1,
      correlationId: null,
      causationId: null,
    };
    const recorded = {
      ...event,
      ...meta,
      actor: { type: 'api_key', id: 'k0admin0000' },
    } as RecordedEvent;
    foldEvent(this.world, recorded);
    return this;
  }

  key(
    keyId: string,
    role: 'admin' | 'agent',
    more: { agents?: string[]; expiresAt?: string | null } = {},
  ): this {
    const { agents = [], expiresAt = null } = more;
    return this.tell({
      type: 'KeyCreated',
      data: { keyId, name: keyId, role, agents, expiresAt, secretHash: '' },
    });
  }

  agent(agentId: string, owner: string | null = 'team-a'): this {
    const data = {
      agentId,
      name: agentId,
      type: 'reader',
      version: '1.0.0',
      capabilities: ['csv'],
      runtime: { kind: 'nats' as const },
      owner,
      labels: { env: 'prod' },
      keyId: 'k0admin0000',
    };
    return this.tell({ type: 'AgentRegistered', data });
  }

  grant(
    agentId: string,
    more: Partial<Extract<WritEvent, { type: 'GrantIssued' }>['data']> = {},
  ): this {
    const grantId = `g${++this.#grants}`;
    const data = {
      grantId,
      agentId,
      actions: ['read'],
      resources: ['dataset:*'],
      notBefore: null,
      expiresAt: null,
      conditions: {},
      delegable: 0,
      parent: null,
      reason: null,
      issuedBy: 'k0admin0000',
      ...more,
    };
    return this.tell({ type: 'GrantIssued', data });
  }

  rate(
    agentId: string,
    rating: number,
    severity: 'normal' | 'major' | 'critical',
    timeMs?: number,
  ): this {
    const data = {
      feedbackId: 'f',
      agentId,
      executionId: null,
      rating,
      source: 'human' as const,
      rater: 'usr_dana',
      severity,
      comment: null,
    };
    return this.tell({ type: 'FeedbackGiven', data }, timeMs);
  }
}

/** A world with an admin key and an agent `reader` that may read data sets. */
export function readerWorld(): ToldWorld {
  return new ToldWorld().key('k0admin0000', 'admin').agent('reader').grant('reader');
}
