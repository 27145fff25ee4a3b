/** Subjects of the bus: built from checked tokens, parsed token by token, never by substring. */
import { WritError } from './errors.ts';
import { agentIdOf, agentTokens, NO_CONTAINER } from './ids.ts';

const TOKEN = /^[A-Za-z0-9_-]+$/;
const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;
const KEY = /^[a-z0-9]{10,20}$/;
const WORD = /^[a-z][a-z0-9-]*$/;

export type CommandAddress = {
  readonly tenant: string;
  readonly key: string;
  /** `<context>.<verb>`, e.g. `registry.register-agent`. */
  readonly verb: string;
};

/** What a governor asks of the commander in the name of a key. */
export type GovernorAddress = {
  readonly tenant: string;
  readonly key: string;
  /** One word, e.g. `reserve-use`. */
  readonly verb: string;
};

export type AggregateAddress = {
  readonly tenant: string;
  readonly context: string;
  readonly kind: string;
  readonly id: readonly string[];
};

function check(pattern: RegExp, value: string, what: string): string {
  if (pattern.test(value)) return value;
  throw new WritError(
    'BODY_INVALID',
    `\`${value}\` can not be a ${what}; use only what the ids page allows`,
  );
}

function agentPath(agentId: string): string {
  const tokens = agentTokens(agentId);
  if (!tokens) throw new WritError('BODY_INVALID', `\`${agentId}\` is not an agent id`);
  return `${tokens.container}.${tokens.name}`;
}

export const subjects = {
  command: (a: CommandAddress) =>
    `writ.${check(TENANT, a.tenant, 'tenant')}.cmd.${check(KEY, a.key, 'key id')}.${verbPath(a.verb)}`,
  inbox: (a: CommandAddress) =>
    `writ.${check(TENANT, a.tenant, 'tenant')}.inbox.${check(KEY, a.key, 'key id')}.${verbPath(a.verb)}`,
  ask: (tenant: string, key: string, question: Question) =>
    `writ.${check(TENANT, tenant, 'tenant')}.ask.${check(KEY, key, 'key id')}.${question}`,
  governor: ({ tenant, key, verb }: GovernorAddress) =>
    `writ.${check(TENANT, tenant, 'tenant')}.gov.${check(KEY, key, 'key id')}.${check(WORD, verb, 'verb')}`,
  agent: (tenant: string, agentId: string) => event(tenant, `registry.agent.${agentPath(agentId)}`),
  grants: (tenant: string, agentId: string) =>
    event(tenant, `authority.grants.${agentPath(agentId)}`),
  facts: (tenant: string, agentId: string) =>
    event(tenant, `execution.facts.${agentPath(agentId)}`),
  validations: (tenant: string, agentId: string) =>
    event(tenant, `execution.validations.${agentPath(agentId)}`),
  suspension: (tenant: string, agentId: string) =>
    event(tenant, `trust.suspension.${agentPath(agentId)}`),
  policies: (tenant: string) => event(tenant, `authority.policies.${NO_CONTAINER}`),
  killSwitch: (tenant: string) => event(tenant, `authority.kill-switch.${NO_CONTAINER}`),
  validation: (tenant: string) => event(tenant, `authority.validation.${NO_CONTAINER}`),
  trustModel: (tenant: string) => event(tenant, `trust.model.${NO_CONTAINER}`),
  key: (tenant: string, keyId: string) =>
    event(tenant, `tenancy.key.${check(KEY, keyId, 'key id')}`),
  decisions: (tenant: string, governor: string) =>
    `writ.${check(TENANT, tenant, 'tenant')}.dec.${check(TOKEN, governor, 'governor name')}`,
  deadLetter: (tenant: string, id: string) =>
    `writ.${check(TENANT, tenant, 'tenant')}.ops.dead-letter.${check(TOKEN, id, 'dead letter id')}`,
  deadLetterOutcome: (tenant: string, id: string) =>
    `writ.${check(TENANT, tenant, 'tenant')}.ops.dead-letter-outcome.${check(TOKEN, id, 'dead letter id')}`,
  /** Every event of a tenant, or of all tenants, for subscriptions. */
  allEvents: (tenant = '*') => `writ.${tenant}.evt.>`,
};

export const questions = ['permission', 'permissions', 'validation', 'events', 'agents'] as const;
export type Question = (typeof questions)[number];

function event(tenant: string, rest: string): string {
  return `writ.${check(TENANT, tenant, 'tenant')}.evt.${rest}`;
}

function verbPath(verb: string): string {
  const parts = verb.split('.');
  if (parts.length === 2 && parts.every((part) => WORD.test(part))) return verb;
  throw new WritError(
    'VERB_UNKNOWN',
    `\`${verb}\` is not a command; write it as \`<context>.<verb>\``,
  );
}

/** Where a role publishes so that `subject` is stored: the public subject behind the cell's ingest prefix. */
export function ingestSubject(ingest: string, subject: string): string {
  return `_writ.${ingest}.${subject.slice('writ.'.length)}`;
}

/** Reads a `cmd` or `inbox` subject; `undefined` for anything else. */
export function parseCommandSubject(
  subject: string,
): (CommandAddress & { readonly kind: 'cmd' | 'inbox' }) | undefined {
  const t = subject.split('.');
  const [root, tenant = '', kind, key = '', context = '', verb = ''] = t;
  if (t.length !== 6 || root !== 'writ' || (kind !== 'cmd' && kind !== 'inbox')) return undefined;
  if (!TENANT.test(tenant) || !KEY.test(key) || !WORD.test(context) || !WORD.test(verb))
    return undefined;
  return { kind, tenant, key, verb: `${context}.${verb}` };
}

/** Reads an `ask` subject; `undefined` for anything else. */
export function parseAskSubject(
  subject: string,
): { readonly tenant: string; readonly key: string; readonly question: string } | undefined {
  const t = subject.split('.');
  const [root, tenant = '', kind, key = '', question = ''] = t;
  if (t.length !== 5 || root !== 'writ' || kind !== 'ask') return undefined;
  if (!TENANT.test(tenant) || !KEY.test(key) || !WORD.test(question)) return undefined;
  return { tenant, key, question };
}

/** Reads a `gov` subject; `undefined` for anything else. */
export function parseGovernorSubject(subject: string): GovernorAddress | undefined {
  const t = subject.split('.');
  const [root, tenant = '', kind, key = '', verb = ''] = t;
  if (t.length !== 5 || root !== 'writ' || kind !== 'gov') return undefined;
  if (!TENANT.test(tenant) || !KEY.test(key) || !WORD.test(verb)) return undefined;
  return { tenant, key, verb };
}

/** Reads the subject of a stored event; `undefined` for anything else. */
export function parseEventSubject(subject: string): AggregateAddress | undefined {
  const t = subject.split('.');
  const [root, tenant = '', word, context = '', kind = '', ...id] = t;
  if (root !== 'writ' || word !== 'evt' || id.length === 0) return undefined;
  if (!TENANT.test(tenant) || !WORD.test(context) || !WORD.test(kind)) return undefined;
  return id.every((token) => TOKEN.test(token)) ? { tenant, context, kind, id } : undefined;
}

/** The agent that an aggregate belongs to, where its id is `<container>.<name>`. */
export function agentIdOfAddress(address: AggregateAddress): string | undefined {
  const [container = '', name = ''] = address.id;
  return address.id.length === 2 ? agentIdOf(container, name) : undefined;
}
