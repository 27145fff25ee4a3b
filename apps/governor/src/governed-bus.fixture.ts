/** A real bus with a log that is written event by event, and questions to whichever governor runs on it. */
import { randomUUID } from 'node:crypto';
import { type EventStore, type Logger, type NatsConnection, openDecisionLog } from '@writ/bus';
import {
  type DecisionBatch,
  decisionBatch,
  encodeToken,
  type EvaluationReply,
  evaluationReply,
  type GrantConditions,
  subjects,
  type WritEvent,
} from '@writ/contracts';
import { policyDigest } from '@writ/policy';
import { eventually, startTestBus, type TestBus, type TestBusOptions } from '@writ/testkit';

export const tenant = 'default';
export const adminKey = 'k0admin0000';
export const agentKey = 'k0agent0000';
export const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const REPLY_MS = 10_000;
/** A busy machine may leave a governor behind: what it does not answer for want of a fresh state is asked again. */
const UNSURE: readonly unknown[] = ['STALE_STATE', 'CLOCK_SKEW'];

export type Body = Record<string, unknown>;

/** What an agent would ask; changes replace whole members. */
export function questionOf(agentId: string, changes: Body = {}): Body {
  return {
    subject: { type: 'agent', id: agentId },
    action: { name: 'read' },
    resource: { type: 'dataset', id: 'sales' },
    ...changes,
  };
}

export class GovernedBus {
  readonly bus: TestBus;
  readonly store: EventStore;
  readonly #asking: NatsConnection;
  readonly #last = new Map<string, { seq: number; version: number }>();
  #policies = 0;

  private constructor(bus: TestBus, store: EventStore, asking: NatsConnection) {
    this.bus = bus;
    this.store = store;
    this.#asking = asking;
  }

  static async start(options: TestBusOptions = {}): Promise<GovernedBus> {
    const bus = await startTestBus(options);
    const governed = new GovernedBus(
      bus,
      await bus.store('commander-store'),
      await bus.connect('api-store'),
    );
    await governed.createKey(adminKey, 'admin', []);
    return governed;
  }

  /** Writes an event; returns its sequence. */
  async tell(
    subject: string,
    event: WritEvent,
    more: { readonly timeMs?: number; readonly tenant?: string } = {},
  ): Promise<number> {
    const last = this.#last.get(subject) ?? { seq: 0, version: 0 };
    const version = last.version + 1;
    const actor = { type: 'api_key', id: adminKey } as const;
    const aggregate = subject.split('.').slice(4).join('/');
    const { lastSeq } = await this.store.append([
      {
        subject,
        expectedLastSeq: last.seq,
        events: [
          {
            timeMs: Date.now(),
            tenant,
            ...more,
            ...event,
            id: randomUUID(),
            version,
            actor,
            aggregate,
          },
        ],
      },
    ]);
    this.#last.set(subject, { seq: lastSeq, version });
    return lastSeq;
  }

  createKey(
    keyId: string,
    role: 'admin' | 'agent',
    agents: string[],
    expiresAt: string | null = null,
  ): Promise<number> {
    const data = { keyId, name: keyId, role, agents, expiresAt, secretHash: '00' };
    return this.tell(subjects.key(tenant, keyId), { type: 'KeyCreated', data });
  }

  revokeKey(keyId: string): Promise<number> {
    return this.tell(subjects.key(tenant, keyId), {
      type: 'KeyRevoked',
      data: { keyId, reason: null },
    });
  }

  register(agentId: string): Promise<number> {
    const data = {
      agentId,
      name: agentId,
      type: 'reader',
      version: '1.0.0',
      capabilities: ['csv'],
      runtime: { kind: 'nats' as const },
      owner: 'team-a',
      labels: { env: 'prod' },
      keyId: adminKey,
    };
    return this.tell(subjects.agent(tenant, agentId), { type: 'AgentRegistered', data });
  }

  change(
    agentId: string,
    type: 'AgentSuspended' | 'AgentResumed' | 'AgentRetired',
  ): Promise<number> {
    return this.tell(subjects.agent(tenant, agentId), { type, data: { agentId, reason: null } });
  }

  async grant(
    agentId: string,
    more: {
      conditions?: GrantConditions;
      expiresAt?: string | null;
      actions?: string[];
      delegable?: number;
      parent?: { grantId: string; agentId: string };
    } = {},
  ): Promise<string> {
    const { conditions = {}, expiresAt = null, actions = ['read'], delegable = 0 } = more;
    const grantId = randomUUID();
    const data = {
      grantId,
      agentId,
      actions,
      resources: ['dataset:*'],
      notBefore: null,
      expiresAt,
      conditions,
      delegable,
      parent: more.parent ?? null,
      reason: null,
      issuedBy: adminKey,
    };
    await this.tell(subjects.grants(tenant, agentId), { type: 'GrantIssued', data });
    return grantId;
  }

  revokeGrant(agentId: string, grantId: string): Promise<number> {
    return this.tell(subjects.grants(tenant, agentId), {
      type: 'GrantRevoked',
      data: { grantId, agentId, reason: null, revokedBy: adminKey },
    });
  }

  rate(
    agentId: string,
    rating: number,
    severity: 'normal' | 'major' | 'critical' = 'normal',
  ): Promise<number> {
    const data = {
      feedbackId: randomUUID(),
      agentId,
      executionId: null,
      rating,
      source: 'human' as const,
      rater: 'usr_dana',
      severity,
      comment: null,
    };
    return this.tell(subjects.facts(tenant, agentId), { type: 'FeedbackGiven', data });
  }

  /** Publishes and activates policies; returns the sequence of the activation. */
  async activate(policies: Record<string, string>): Promise<number> {
    const subject = subjects.policies(tenant);
    const version = String(++this.#policies);
    const digest = policyDigest('cedar', policies);
    await this.tell(subject, {
      type: 'PoliciesPublished',
      data: { version, engine: 'cedar', policies, digest, note: null },
    });
    return this.tell(subject, {
      type: 'PoliciesActivated',
      data: { version, digest, superseded: null },
    });
  }

  /** The token of a sequence, as a command's reply would carry it. */
  token(seq: number): string {
    return encodeToken({ cell: this.bus.secrets.cell, segment: 1, seq });
  }

  /** An agent that may read, and the sequence of its grant. */
  async reader(agentId: string): Promise<string> {
    await this.register(agentId);
    return this.grant(agentId);
  }

  /** Asks until there is an answer: a governor that its machine kept from reading the log is away for a while. */
  async askRaw(
    body: string | Uint8Array,
    key = adminKey,
    question: 'permission' | 'permissions' = 'permission',
  ): Promise<unknown> {
    return await eventually(() => this.#askOnce(subjects.ask(tenant, key, question), body));
  }

  /** Asks at the state that the log has now. */
  async ask(body: Body, key = adminKey): Promise<EvaluationReply> {
    const { lastSeq } = await this.store.status();
    return this.askUntilSure({ options: { atLeast: this.token(lastSeq) }, ...body }, key);
  }

  /** Asks until the governor is sure of its state. */
  askUntilSure(body: Body, key = adminKey): Promise<EvaluationReply> {
    return this.askOn(subjects.ask(tenant, key, 'permission'), body);
  }

  /** Asks once, whatever comes of it. */
  async askAsIs(body: Body, key = adminKey): Promise<EvaluationReply> {
    const subject = subjects.ask(tenant, key, 'permission');
    return evaluationReply.parse(await this.#askOnce(subject, JSON.stringify(body)));
  }

  /** Asks as a key of any tenant, until the governor is sure of its state. */
  async askOn(subject: string, body: Body): Promise<EvaluationReply> {
    return await eventually(async () => {
      const answer = evaluationReply.parse(await this.#askOnce(subject, JSON.stringify(body)));
      if (UNSURE.includes(answer.context.code)) throw new Error(answer.context.message);
      return answer;
    });
  }

  async #askOnce(subject: string, body: string | Uint8Array): Promise<unknown> {
    return (await this.#asking.request(subject, body, { timeout: REPLY_MS })).json<unknown>();
  }

  /** Every record of DECISIONS, in order, as soon as there are so many decisions. */
  async records(decisions: number): Promise<DecisionBatch> {
    return await eventually(async () => {
      const records = await this.recordsNow();
      const count = records.filter(({ kind }) => kind === 'decision').length;
      if (count < decisions) throw new Error(`${count} of ${decisions} decisions are recorded`);
      return records;
    });
  }

  /** Every record that DECISIONS holds now, in order. */
  async recordsNow(): Promise<DecisionBatch> {
    const log = openDecisionLog({
      connection: await this.bus.connect('projector-store'),
      ingest: this.bus.secrets.ingest,
    });
    const { lastSeq } = await log.status();
    const records: DecisionBatch = [];
    if (lastSeq === 0) return records;
    await new Promise<void>((resolve, reject) => {
      const follower = log.follow({
        fromSeq: 1,
        onMessages(messages) {
          for (const { data } of messages)
            records.push(...decisionBatch.parse(JSON.parse(Buffer.from(data).toString('utf8'))));
        },
        onIdle(seq) {
          if (seq >= lastSeq) follower.stop().then(resolve, reject);
        },
      });
      follower.done.catch(reject);
    });
    return records;
  }

  /** Asks the JetStream API as the operator. */
  async operate(subject: string, body: object = {}): Promise<Record<string, unknown>> {
    const operator = await this.bus.connect('operator');
    return (await operator.request(`$JS.API.${subject}`, JSON.stringify(body))).json<
      Record<string, unknown>
    >();
  }

  async stop(): Promise<void> {
    await this.bus.stop();
  }
}
