/** What holds for all agents of a tenant: policies and their schema, rules for results, kill switches. */
import { subjects, type WritEvent } from '@writ/contracts';
import type { Agent } from './agent-lives.ts';
import type { RunLog } from './run-log.ts';

type Policies = { published: number; schemas: number; rules: number; before: string[] };

const digestOf = (version: string): string => `sha256:${version.padStart(64, '0')}`;

export class TenantRules {
  readonly #log: RunLog;
  readonly #policies = new Map<string, Policies>();

  constructor(log: RunLog) {
    this.#log = log;
  }

  /** Publishes policies, activates what was published, goes back to what was active before, or changes what they are about. */
  change(tenant: string): void {
    const known = this.#policies.get(tenant) ?? { published: 0, schemas: 0, rules: 0, before: [] };
    this.#policies.set(tenant, known);
    const kind = this.#log.below(6);
    if (kind === 0) return this.#publishSchema(tenant, known);
    if (kind === 1) return this.#publishRules(tenant, known);
    if (kind === 2 && known.before.length > 1) return this.#rollBack(tenant, known);
    const version = String(known.published);
    if (known.published === 0 || known.before.at(-1) === version) this.#publish(tenant, known);
    else this.#activate(tenant, known);
  }

  killSwitch({ tenant, agentId }: Agent): void {
    const engaged = this.#log.below(2) === 0;
    const scope = this.#log.pick([
      { kind: 'agent', id: agentId },
      { kind: 'type', id: 'summary' },
      { kind: 'tenant' },
      { kind: 'all' },
    ] as const);
    this.#log.write(subjects.killSwitch(tenant), 'kill-switch', {
      type: engaged ? 'KillSwitchEngaged' : 'KillSwitchReleased',
      data: { scope, reason: 'a drill' },
    });
  }

  #publish(tenant: string, known: Policies): void {
    const version = String(++known.published);
    const policies = { freeze: 'forbid (principal, action, resource);' };
    this.#write(tenant, {
      type: 'PoliciesPublished',
      data: { version, engine: 'cedar', policies, digest: digestOf(version), note: null },
    });
  }

  #activate(tenant: string, known: Policies): void {
    const version = String(known.published);
    const superseded = known.before.at(-1) ?? null;
    known.before.push(version);
    this.#write(tenant, {
      type: 'PoliciesActivated',
      data: { version, digest: digestOf(version), superseded },
    });
  }

  #rollBack(tenant: string, known: Policies): void {
    const superseded = known.before.pop() ?? '';
    const version = known.before.at(-1) ?? '';
    this.#write(tenant, {
      type: 'PoliciesRolledBack',
      data: { version, digest: digestOf(version), superseded, reason: 'too strict' },
    });
  }

  #publishSchema(tenant: string, known: Policies): void {
    const version = String(++known.schemas);
    const schema =
      this.#log.below(3) === 0
        ? null
        : 'action "read" appliesTo { principal: Agent, resource: Resource };';
    this.#write(tenant, {
      type: 'SchemaPublished',
      data: { version, engine: 'cedar', schema, digest: digestOf(version), note: null },
    });
  }

  #publishRules(tenant: string, known: Policies): void {
    const version = String(++known.rules);
    const rules = {
      small: {
        actions: ['read_*'],
        maxBytes: this.#log.below(100_000),
        severity: 'minor' as const,
      },
    };
    this.#log.write(subjects.validation(tenant), 'validation', {
      type: 'ValidationPublished',
      data: { version, rules, note: null },
    });
  }

  #write(tenant: string, event: WritEvent): void {
    this.#log.write(subjects.policies(tenant), 'policies', event);
  }
}
