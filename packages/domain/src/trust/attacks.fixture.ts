/** A town of agents whose trust is attacked: events as commanders would write them, folded as governors fold them. */
import type { EventData, RecordedEvent, WritEvent } from '@writ/contracts';
import { emptyWorld, foldEvent, modelOf, type World } from '../authority/world.ts';
import { initialTrust } from './agent-trust.ts';
import { minuteOf } from './facts.ts';
import { readTrust, type TrustReading } from './score.ts';

const TENANT = 'default';
const START_MS = Date.UTC(2026, 0, 1, 12);
const DAY_MS = 86_400_000;

type Rating = {
  readonly by: string;
  readonly source?: EventData<'FeedbackGiven'>['source'];
  readonly severity?: EventData<'FeedbackGiven'>['severity'];
  /** The key that gives it; the one that registered the rater when left out. */
  readonly key?: string;
};

export class Town {
  readonly world: World = emptyWorld();
  readonly #keyOf = new Map<string, string>();
  #timeMs = START_MS;

  /** An agent of an owner, registered with a key of role `agent`. */
  register(agentId: string, owner: string | null, key: string): void {
    this.#key(key, 'agent');
    this.#keyOf.set(agentId, key);
    const data = {
      agentId,
      name: agentId,
      type: 'worker',
      version: '1.0.0',
      capabilities: [],
      runtime: { kind: 'nats' as const },
      owner,
      labels: {},
      keyId: key,
    };
    this.tell({ type: 'AgentRegistered', data }, key);
  }

  rate(agentId: string, rating: number, { by, source = 'peer', severity, key }: Rating): void {
    const data = {
      feedbackId: `fb-${this.world.seq}`,
      agentId,
      executionId: null,
      rating,
      source,
      rater: by,
      severity: severity ?? (rating >= 0.5 ? ('normal' as const) : ('minor' as const)),
      comment: null,
    };
    this.tell({ type: 'FeedbackGiven', data }, key ?? this.#keyOf.get(by) ?? 'k0operator');
  }

  /** An agent earns good ratings of different people, as fast as the limits allow. */
  earn(agentId: string, days: number): void {
    for (let day = 0; day < days; day++, this.pass(1)) this.praise(agentId);
  }

  /** Five people are content with an agent. */
  praise(agentId: string): void {
    for (let n = 0; n < 5; n++) this.rate(agentId, 1, { by: `usr_${n}`, source: 'human' });
  }

  fail(agentId: string, severity: 'minor' | 'major' | 'critical'): void {
    const data = {
      executionId: `exec-${this.world.seq}`,
      agentId,
      action: 'work',
      resource: 'thing:any',
      decisionId: null,
      outcome: 'failed' as const,
      severity,
      startedAt: null,
      durationMs: null,
      costMicros: 0,
      tokens: { input: 0, output: 0 },
      error: { code: 'E', message: 'failed' },
    };
    this.tell({ type: 'ExecutionReported', data }, this.#keyOf.get(agentId) ?? 'k0operator');
  }

  pass(days: number): void {
    this.#timeMs += days * DAY_MS;
  }

  reading(agentId: string): TrustReading {
    const tenant = this.world.tenants.get(TENANT);
    if (tenant === undefined) throw new Error('the town is empty');
    const trust = tenant.trust.get(agentId) ?? initialTrust();
    return readTrust(trust, minuteOf(this.#timeMs), modelOf(this.world, tenant));
  }

  score(agentId: string): number {
    return this.reading(agentId).score;
  }

  tell(event: WritEvent, key: string): void {
    const recorded: RecordedEvent = {
      ...event,
      seq: this.world.seq + 1,
      subject: '',
      tenant: TENANT,
      id: String(this.world.seq + 1),
      timeMs: this.#timeMs,
      version: 1,
      actor: { type: 'api_key', id: key },
      correlationId: null,
      causationId: null,
    };
    foldEvent(this.world, recorded);
  }

  #key(keyId: string, role: 'admin' | 'agent'): void {
    if (this.world.tenants.get(TENANT)?.keys.has(keyId) === true) return;
    const data = { keyId, name: keyId, role, agents: ['*'], expiresAt: null, secretHash: '00' };
    this.tell({ type: 'KeyCreated', data }, 'k0operator');
  }
}
