/** Long runs of plausible events, the same for the same seed: lives of agents as commanders would have written them. */
import { createHash } from 'node:crypto';
import type { NewEvent, StoredEvent } from '@writ/bus';
import { type EventData, subjects, type WritEvent } from '@writ/contracts';

export type EventRunOptions = {
  readonly count: number;
  readonly seed?: number;
  readonly agents?: number;
  readonly tenants?: readonly string[];
  readonly startMs?: number;
};

export type PlannedEvent = { readonly subject: string; readonly event: NewEvent };

const START_MS = Date.UTC(2027, 0, 4, 9);
const OPERATOR = 'k0operator';
/** Keys that register agents; the first is an admin's from some moment on. */
const REGISTRARS = ['k0registrar0', 'k0registrar1', 'k0registrar2', 'k0registrar3'] as const;

/** Makes the events, in the order they are to be stored. Every agent registers before anything else happens to it. */
export function eventRun(options: EventRunOptions): PlannedEvent[] {
  const writer = new RunWriter(options);
  const { agents = 20, count } = options;
  for (let i = 0; i < agents; i++) writer.register(i);
  while (writer.planned.length < count) writer.step();
  return writer.planned.slice(0, count);
}

/** The same run as the log would return it, beginning at a sequence. */
export function storedRun(planned: readonly PlannedEvent[], fromSeq = 1): StoredEvent[] {
  return planned.map(({ subject, event }, i) => {
    const { aggregate: _, traceparent: __, ...rest } = event;
    return {
      ...rest,
      seq: fromSeq + i,
      subject,
      correlationId: event.correlationId ?? null,
      causationId: event.causationId ?? null,
      idempotencyKey: event.idempotencyKey ?? null,
      fingerprint: event.fingerprint ?? null,
    };
  });
}

type GivenGrant = Pick<
  EventData<'GrantIssued'>,
  'grantId' | 'agentId' | 'expiresAt' | 'conditions' | 'delegable' | 'parent'
> & { readonly tenant: string };

/** The same grant for another agent, which can hand it on once less. */
function handOn({ grantId, agentId, expiresAt, conditions, delegable }: GivenGrant) {
  return { expiresAt, conditions, delegable: delegable - 1, parent: { grantId, agentId } };
}

class RunWriter {
  readonly planned: PlannedEvent[] = [];
  readonly #tenants: readonly string[];
  readonly #versions = new Map<string, number>();
  readonly #agents: {
    readonly tenant: string;
    readonly agentId: string;
    status: string;
    version: number;
  }[] = [];
  readonly #grants: GivenGrant[] = [];
  readonly #used: { readonly grant: GivenGrant; readonly decisionId: string }[] = [];
  readonly #asked: {
    readonly tenant: string;
    readonly agentId: string;
    readonly approvalId: string;
    status: 'pending' | 'approved';
  }[] = [];
  readonly #running: {
    readonly tenant: string;
    readonly agentId: string;
    readonly executionId: string;
  }[] = [];
  readonly #policies = new Map<string, { published: number; active: string | null }>();
  readonly #administered = new Set<string>();
  readonly #keys: { readonly tenant: string; readonly keyId: string }[] = [];
  #random: number;
  #timeMs: number;

  constructor({ seed = 1, tenants = ['default', 'acme'], startMs = START_MS }: EventRunOptions) {
    this.#random = seed;
    this.#tenants = tenants;
    this.#timeMs = startMs;
  }

  register(i: number): void {
    const tenant = this.#pick(this.#tenants);
    const agentId = i % 3 === 0 ? `worker-${i}` : `container-${i % 5}:worker-${i}`;
    const agent = { tenant, agentId, status: 'active', version: 1 };
    this.#agents.push(agent);
    this.#write(subjects.agent(tenant, agentId), `agent/${agentId}`, {
      type: 'AgentRegistered',
      data: this.#registration(agent),
    });
  }

  step(): void {
    const agent = this.#pick(this.#agents);
    const kind = this.#below(100);
    if (kind < 25) this.#start(agent);
    else if (kind < 63) this.#report(agent);
    else if (kind < 65) this.#use();
    else if (kind < 80) this.#feedback(agent);
    else if (kind < 82) this.#validation(agent);
    else if (kind < 88) this.#grant(agent);
    else if (kind < 90) this.#approval(agent);
    else if (kind < 93) this.#revokeGrant();
    else if (kind < 96) this.#changeAgent(agent);
    else if (kind < 98) this.#policy(agent.tenant);
    else if (kind < 99) this.#key(agent.tenant);
    else this.#killSwitch(agent);
  }

  #registration({ agentId, version }: { readonly agentId: string; readonly version: number }) {
    return {
      agentId,
      name: `Worker "${agentId}" — größer`,
      type: this.#pick(['visualization', 'summary', 'profile']),
      version: `${version}.0.0`,
      capabilities: [`cap_${this.#below(5)}`, 'png_export'],
      runtime: { kind: 'nats' as const },
      owner: this.#below(4) === 0 ? null : `team-${this.#below(4)}`,
      labels: { framework: this.#pick(['langgraph', 'crew']), tier: String(this.#below(3)) },
      keyId: this.#pick(REGISTRARS),
    };
  }

  #start({ tenant, agentId }: { readonly tenant: string; readonly agentId: string }): void {
    const executionId = this.#id('exec');
    this.#running.push({ tenant, agentId, executionId });
    const data = {
      executionId,
      agentId,
      action: 'generate_chart',
      resource: 'dataset:sales',
      decisionId: null,
      startedAt: null,
    };
    this.#write(subjects.facts(tenant, agentId), `facts/${agentId}`, {
      type: 'ExecutionStarted',
      data,
    });
  }

  #report(agent: { readonly tenant: string; readonly agentId: string }): void {
    const known = this.#below(2) === 0 ? this.#running.pop() : undefined;
    const { tenant, agentId } = known ?? agent;
    const outcome = this.#pick([
      'succeeded',
      'succeeded',
      'succeeded',
      'failed',
      'cancelled',
      'timed_out',
    ] as const);
    const failed = outcome === 'failed' || outcome === 'timed_out';
    const data = {
      executionId: known?.executionId ?? this.#id('exec'),
      agentId,
      action: 'generate_chart',
      resource: `dataset:${this.#pick(['sales', 'people', 'weather'])}`,
      decisionId: null,
      outcome,
      severity: failed ? this.#pick(['minor', 'major', 'critical'] as const) : null,
      startedAt: new Date(this.#timeMs - 900).toISOString(),
      durationMs: this.#below(5000),
      costMicros: this.#below(10_000),
      tokens: { input: this.#below(1000), output: this.#below(500) },
      error: failed ? { code: 'E_DATA', message: 'column "a\\b" is missing, {see} \u0000' } : null,
    };
    this.#write(subjects.facts(tenant, agentId), `facts/${agentId}`, {
      type: 'ExecutionReported',
      data,
    });
  }

  #feedback({ tenant, agentId }: { readonly tenant: string; readonly agentId: string }): void {
    const rating = this.#below(10_001) / 10_000;
    const source = this.#pick(['human', 'system', 'peer', 'self'] as const);
    const peers = this.#agents.filter((other) => other.tenant === tenant);
    const rater =
      source === 'peer'
        ? this.#pick(peers).agentId
        : source === 'self'
          ? agentId
          : `usr_${this.#below(6)}`;
    const severity =
      rating >= 0.5
        ? this.#pick(['trivial', 'normal', 'high'] as const)
        : this.#pick(['minor', 'major'] as const);
    const data = {
      feedbackId: this.#id('fb'),
      agentId,
      executionId: null,
      rating,
      source,
      rater,
      severity,
      comment: this.#below(2) === 0 ? null : 'clear, "mostly"; \\ and 🧭',
    };
    this.#write(subjects.facts(tenant, agentId), `facts/${agentId}`, {
      type: 'FeedbackGiven',
      data,
    });
  }

  #validation({ tenant, agentId }: { readonly tenant: string; readonly agentId: string }): void {
    const rejected = this.#below(3) === 0;
    const data = {
      validationId: this.#id('val'),
      agentId,
      executionId: null,
      decisionId: null,
      action: 'generate_chart',
      outcome: rejected ? ('reject' as const) : ('accept' as const),
      findings: [],
      rulesVersion: null,
      severity: rejected ? ('minor' as const) : null,
    };
    this.#write(subjects.validations(tenant, agentId), `validations/${agentId}`, {
      type: 'ResultValidated',
      data,
    });
  }

  #grant({ tenant, agentId }: { readonly tenant: string; readonly agentId: string }): void {
    const grantId = this.#uuid();
    const ends = new Date(this.#timeMs + this.#below(1_000_000_000)).toISOString();
    const terms = {
      expiresAt: this.#below(2) === 0 ? null : ends,
      conditions: this.#below(2) === 0 ? {} : { maxCostMicros: this.#below(500_000) },
      delegable: this.#below(2) === 0 ? 0 : 3,
      parent: null,
    };
    const from = this.#grants.findLast(
      (one) => one.tenant === tenant && one.delegable > 0 && one.agentId !== agentId,
    );
    const given = from && this.#below(3) === 0 ? handOn(from) : terms;
    this.#grants.push({ tenant, agentId, grantId, ...given });
    const data = {
      grantId,
      agentId,
      actions: ['generate_chart', 'read_*'],
      resources: ['dataset:*'],
      notBefore: null,
      ...given,
      reason: 'quarterly reports',
      issuedBy: OPERATOR,
    };
    this.#write(subjects.grants(tenant, agentId), `grants/${agentId}`, {
      type: 'GrantIssued',
      data,
    });
  }

  /** Reserves a use of a grant, or tells what became of one. */
  #use(): void {
    const known = this.#below(2) === 0 ? this.#used.shift() : undefined;
    const grant = known?.grant ?? this.#grants[this.#below(this.#grants.length)];
    if (!grant) return;
    const { tenant, agentId, grantId } = grant;
    const write = (event: WritEvent) =>
      this.#write(subjects.grants(tenant, agentId), `grants/${agentId}`, event);
    const use = { grantId, agentId, decisionId: known?.decisionId ?? this.#uuid() };
    const amounts = { costMicros: this.#below(10_000), tokens: null };
    if (!known) {
      this.#used.push({ grant, decisionId: use.decisionId });
      write({ type: 'GrantUseReserved', data: { ...use, usedBy: agentId, ...amounts } });
    } else if (this.#below(2) === 0)
      write({ type: 'GrantUseReleased', data: { ...use, reason: 'cancelled' } });
    else write({ type: 'GrantUseSettled', data: { ...use, ...amounts } });
  }

  #revokeGrant(): void {
    const [grant] = this.#grants.splice(this.#below(this.#grants.length), 1);
    if (!grant) return;
    const { tenant, agentId, grantId } = grant;
    const data = { grantId, agentId, reason: null, revokedBy: OPERATOR };
    this.#write(subjects.grants(tenant, agentId), `grants/${agentId}`, {
      type: 'GrantRevoked',
      data,
    });
  }

  /** Asks for an approval, or goes on with one that was asked for: given, refused, used or over. */
  #approval(agent: { readonly tenant: string; readonly agentId: string }): void {
    const known = this.#below(3) === 0 ? undefined : this.#asked.shift();
    if (!known) return this.#ask(agent);
    const { tenant, agentId, approvalId, status } = known;
    const write = (event: WritEvent) =>
      this.#write(subjects.grants(tenant, agentId), `grants/${agentId}`, event);
    const next = this.#below(4);
    if (next === 0) return write({ type: 'ApprovalExpired', data: { approvalId, agentId } });
    if (next === 1 && status === 'approved')
      return write({
        type: 'ApprovalUsed',
        data: { approvalId, agentId, decisionId: this.#uuid() },
      });
    const verdict = next === 2 ? 'rejected' : 'approved';
    const decidedBy = `k0person${this.#below(3)}`;
    const data = { approvalId, agentId, verdict, reason: 'looked at it', decidedBy } as const;
    write({ type: 'ApprovalDecided', data });
    if (verdict === 'approved') this.#asked.push({ ...known, status: 'approved' });
  }

  #ask({ tenant, agentId }: { readonly tenant: string; readonly agentId: string }): void {
    const approvalId = this.#uuid();
    this.#asked.push({ tenant, agentId, approvalId, status: 'pending' });
    const data = {
      approvalId,
      agentId,
      action: 'pay',
      resource: `invoice:${this.#below(20)}`,
      context: { amount: this.#below(10_000), note: 'größer, "mostly" \u0000' },
      argumentsHash: `sha256:${String(this.#below(50)).padStart(64, '0')}`,
      requiredBy: [{ kind: 'policy' as const, id: 'large-sums' }],
      approvalsNeeded: this.#below(2) === 0 ? (1 as const) : (2 as const),
      expiresAt: new Date(this.#timeMs + this.#below(10_000_000)).toISOString(),
      requestedBy: OPERATOR,
    };
    this.#write(subjects.grants(tenant, agentId), `grants/${agentId}`, {
      type: 'ApprovalRequested',
      data,
    });
  }

  #changeAgent(agent: {
    readonly tenant: string;
    readonly agentId: string;
    status: string;
    version: number;
  }): void {
    const { tenant, agentId } = agent;
    const write = (event: WritEvent) =>
      this.#write(subjects.agent(tenant, agentId), `agent/${agentId}`, event);
    if (this.#below(2) === 0) {
      agent.version++;
      write({ type: 'AgentVersionRegistered', data: this.#registration(agent) });
    } else {
      const type = agent.status === 'active' ? 'AgentSuspended' : 'AgentResumed';
      agent.status = agent.status === 'active' ? 'suspended' : 'active';
      write({ type, data: { agentId, reason: 'looked at' } });
    }
  }

  #policy(tenant: string): void {
    const known = this.#policies.get(tenant) ?? { published: 0, active: null };
    this.#policies.set(tenant, known);
    const write = (event: WritEvent) => this.#write(subjects.policies(tenant), 'policies', event);
    const chosen = String(known.published);
    const digest = (version: string) => `sha256:${version.padStart(64, '0')}`;
    if (known.published > 0 && known.active !== chosen) {
      write({
        type: 'PoliciesActivated',
        data: { version: chosen, digest: digest(chosen), superseded: known.active },
      });
      known.active = chosen;
      return;
    }
    known.published++;
    const version = String(known.published);
    const policies = { freeze: 'forbid (principal, action, resource);' };
    write({
      type: 'PoliciesPublished',
      data: { version, engine: 'cedar', policies, digest: digest(version), note: null },
    });
  }

  #killSwitch({ tenant, agentId }: { readonly tenant: string; readonly agentId: string }): void {
    const engaged = this.#below(2) === 0;
    const scope = this.#pick([
      { kind: 'agent', id: agentId },
      { kind: 'type', id: 'summary' },
      { kind: 'tenant' },
      { kind: 'all' },
    ] as const);
    this.#write(subjects.killSwitch(tenant), 'kill-switch', {
      type: engaged ? 'KillSwitchEngaged' : 'KillSwitchReleased',
      data: { scope, reason: 'a drill' },
    });
  }

  #key(tenant: string): void {
    if (!this.#administered.has(tenant)) return this.#createAdminKey(tenant);
    const known = this.#below(3) === 0 ? this.#keys.pop() : undefined;
    const keyId = known?.keyId ?? this.#uuid().replaceAll('-', '').slice(0, 16);
    const at = known?.tenant ?? tenant;
    if (!known) this.#keys.push({ tenant, keyId });
    const created = {
      keyId,
      name: 'worker',
      role: 'agent' as const,
      agents: ['*'],
      expiresAt: null,
      secretHash: 'ab'.repeat(32),
    };
    this.#write(
      subjects.key(at, keyId),
      `key/${keyId}`,
      known
        ? { type: 'KeyRevoked', data: { keyId, reason: null } }
        : { type: 'KeyCreated', data: created },
    );
  }

  #createAdminKey(tenant: string): void {
    this.#administered.add(tenant);
    const [keyId] = REGISTRARS;
    const data = {
      keyId,
      name: 'operations',
      role: 'admin' as const,
      agents: [],
      expiresAt: null,
      secretHash: 'cd'.repeat(32),
    };
    this.#write(subjects.key(tenant, keyId), `key/${keyId}`, { type: 'KeyCreated', data });
  }

  #write(subject: string, aggregate: string, event: WritEvent): void {
    this.#timeMs += this.#below(20_000);
    const version = (this.#versions.get(subject) ?? 0) + 1;
    this.#versions.set(subject, version);
    const keyed = this.#below(3) === 0;
    this.planned.push({
      subject,
      event: {
        ...event,
        id: this.#uuid(),
        timeMs: this.#timeMs,
        version,
        tenant: subject.split('.')[1] ?? '',
        actor: { type: 'api_key', id: OPERATOR },
        aggregate,
        idempotencyKey: keyed ? this.#id('idem') : null,
        fingerprint: this.#uuid().replaceAll('-', ''),
      },
    });
  }

  #id(kind: string): string {
    return `${kind}-${this.planned.length}-${this.#below(1_000_000)}`;
  }

  #uuid(): string {
    const hex = createHash('sha256').update(`${this.planned.length}/${this.#next()}`).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  #pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    const item = items[this.#below(items.length)];
    if (item === undefined) throw new RangeError('there is nothing to choose from');
    return item;
  }

  #below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  /** Park and Miller's generator: the same numbers everywhere. */
  #next(): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    return this.#random / 2_147_483_647;
  }
}
