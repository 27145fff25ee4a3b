/** A desk whose log, clock and decision log a test moves by hand. */
import type { EventStore, FollowEvents, StoredEvent } from '@writ/bus';
import type { EvaluationReply, EventData, GovernorOrder, WritEvent } from '@writ/contracts';
import { openCedar } from '@writ/policy';
import type { Claimed } from '../claims/commander-path.ts';
import { Denials } from '../records/denials.ts';
import { RecordLog } from '../records/record-log.ts';
import { GovernedState } from '../state/governed-state.ts';
import { Desk } from './desk.ts';

const engine = openCedar();
export const cell = 'c1-00000000';
export const startMs = Date.UTC(2027, 0, 4, 9);

export const reader = {
  agentId: 'reader',
  name: 'r',
  type: 'reader',
  version: '1.0.0',
  capabilities: [],
  runtime: { kind: 'nats' as const },
  owner: null,
  labels: {},
  keyId: 'k0admin0000',
};

/** A grant of the reader, without an end or a condition. */
export function grantOf(terms: Partial<EventData<'GrantIssued'>>): WritEvent<'GrantIssued'> {
  const data = {
    grantId: 'g2',
    agentId: 'reader',
    actions: ['write'],
    resources: ['*'],
    notBefore: null,
    expiresAt: null,
    conditions: {},
    delegable: 0,
    parent: null,
    reason: null,
    issuedBy: 'k',
    ...terms,
  };
  return { type: 'GrantIssued', data };
}

/** With the agent `reader`, which may read, and an admin's key. */
export class ManualDesk {
  readonly desk: Desk;
  readonly state: GovernedState;
  readonly records: RecordLog;
  readonly appended: string[] = [];
  nowMs = startMs;
  /** How far the clock was set back. */
  setBackMs = 0;
  /** Each reading of the clock is a millisecond later. */
  ticking = false;
  skewed = false;
  holdAppends = false;
  /** How many allows count in windows. */
  counted = 0;
  /** What the commander says to what is claimed of it. */
  claim = (_order: GovernorOrder): Promise<Claimed> => Promise.resolve({ claimed: true, seq: 0 });
  #follow: FollowEvents | undefined;
  #seq = 0;

  constructor() {
    const follow: EventStore['follow'] = (options) => {
      this.#follow = options;
      return {
        position: 0,
        done: new Promise<void>(() => undefined),
        stop: () => Promise.resolve(),
      };
    };
    this.state = new GovernedState({
      store: { follow },
      engine,
      clock: () => (this.ticking ? this.nowMs++ : this.nowMs) - this.setBackMs,
      ticks: () => this.nowMs,
      onTrouble() {},
      onEnd() {},
    });
    const append = async ({ body }: { readonly body: Uint8Array | string }): Promise<number> => {
      if (this.holdAppends) return await new Promise<number>(() => undefined);
      return this.appended.push(String(body));
    };
    this.records = new RecordLog({
      log: { append, lastOf: () => Promise.resolve(undefined) },
      governor: 'g',
      clock: () => this.nowMs,
      ticks: () => this.nowMs,
      onTrouble() {},
    });
    this.desk = new Desk({
      state: this.state,
      engine,
      records: this.records,
      windows: {
        of: () => ({ decisionsSeq: 0, meterOf: () => undefined }),
        count: (_allow, amount?: 1 | -1) => (this.counted += amount ?? 1),
        ready: Promise.resolve(),
      },
      claim: (_asker, order) => this.claim(order),
      cell,
      skewed: () => this.skewed,
      denials: new Denials(() => undefined, Number.POSITIVE_INFINITY),
      onError() {},
    });
    this.tell({
      type: 'KeyCreated',
      data: {
        keyId: 'k0admin0000',
        name: 'a',
        role: 'admin',
        agents: [],
        expiresAt: null,
        secretHash: '',
      },
    });
    this.tell({ type: 'AgentRegistered', data: reader });
    this.tell(grantOf({ grantId: 'g1', actions: ['read'] }));
  }

  tell(event: WritEvent, { timeMs = startMs - 1000, pending = 0 } = {}): void {
    this.#seq += 1;
    const meta = {
      seq: this.#seq,
      subject: 's',
      tenant: 'default',
      id: 'e',
      timeMs,
      version: 1,
      actor: { type: 'api_key', id: 'k' },
      correlationId: null,
      causationId: null,
    };
    const stored = { ...event, ...meta, idempotencyKey: null, fingerprint: null } as StoredEvent;
    void this.#follow?.onEvents([stored], { lastSeq: this.#seq, pending });
  }

  /** Time goes on, and what was recorded by then is stored. */
  async pass(ms: number): Promise<void> {
    await this.records.of('default').flush(5000);
    this.nowMs += ms;
  }

  heartbeat(): void {
    this.#follow?.onIdle?.(this.#seq);
  }

  /** Asks and keeps the answer, which may come later. */
  ask(body: object = {}, key = 'k0admin0000'): { reply?: EvaluationReply } {
    const question = {
      subject: { type: 'agent', id: 'reader' },
      action: { name: 'read' },
      resource: { type: 'dataset', id: 'x' },
      ...body,
    };
    const answer: { reply?: EvaluationReply } = {};
    this.desk.permission(
      `writ.default.ask.${key}.permission`,
      Buffer.from(JSON.stringify(question)),
      (text) => {
        answer.reply = JSON.parse(text) as EvaluationReply;
      },
    );
    return answer;
  }

  /** Asks a list of questions and keeps the codes of the denies and the allows, in order. */
  askAll(evaluations: readonly object[], options: object = {}): { codes?: (string | undefined)[] } {
    const answer: { codes?: (string | undefined)[] } = {};
    const subject = { type: 'agent', id: 'reader' };
    const resource = { type: 'dataset', id: 'x' };
    this.desk.permissions(
      'writ.default.ask.k0admin0000.permissions',
      Buffer.from(JSON.stringify({ subject, resource, evaluations, options })),
      (text) => {
        const reply = JSON.parse(text) as { evaluations: EvaluationReply[] };
        answer.codes = reply.evaluations.map(({ decision, context }) =>
          decision ? 'allowed' : context.code,
        );
      },
    );
    return answer;
  }

  codeNow(body: object = {}): string | undefined {
    const { reply } = this.ask(body);
    return reply?.decision === true ? 'allowed' : reply?.context.code;
  }
}
