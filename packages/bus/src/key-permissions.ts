/** What the broker lets the holder of an API key do: its own subjects, its own agents, its own inbox. */
import { agentTokens, type KeyRole, verbsOf } from '@writ/contracts';

export type Permissions = {
  readonly pub: { readonly allow: string[]; readonly deny: string[] };
  readonly sub: { readonly allow: string[]; readonly deny: string[] };
};

export type KeyIdentity = {
  readonly tenant: string;
  readonly keyId: string;
  readonly role: KeyRole;
  /** Agent ids, or prefixes ending in `*`. */
  readonly agents: readonly string[];
};

/**
 * Where results of tasks are sent. Agents answer requests of others only here: a right to answer wherever the
 * requester says would let them publish commands as somebody else.
 */
const TASK_INBOX = '_INBOX.task.>';

/** The permissions of a key's connection; agent patterns that no subject can express give nothing. */
export function permissionsOfKey(key: KeyIdentity): Permissions {
  return key.role === 'admin' ? ofAdmin(key) : ofAgent(key);
}

function ofAdmin({ tenant, keyId }: KeyIdentity): Permissions {
  return {
    pub: {
      allow: [
        `writ.${tenant}.cmd.${keyId}.*.*`,
        `writ.${tenant}.inbox.${keyId}.*.*`,
        `writ.${tenant}.ask.${keyId}.>`,
        `writ.${tenant}.tel.>`,
        `writ.${tenant}.task.>`,
        '$SRV.>',
      ],
      deny: [],
    },
    sub: {
      allow: [
        '_INBOX.>',
        ...['evt', 'dec', 'tel', 'task'].map((kind) => `writ.${tenant}.${kind}.>`),
      ],
      deny: ['_INBOX.role.>'],
    },
  };
}

function ofAgent({ tenant, keyId, agents }: KeyIdentity): Permissions {
  const own = agents.flatMap((pattern) => subjectTokens(pattern) ?? []);
  const withInstance = own.flatMap((agent) => [agent, `${agent}.*`]);
  const verbs = verbsOf('agent');
  return {
    pub: {
      allow: [
        ...verbs.map((verb) => `writ.${tenant}.cmd.${keyId}.${verb}`),
        ...verbs.map((verb) => `writ.${tenant}.inbox.${keyId}.${verb}`),
        `writ.${tenant}.ask.${keyId}.>`,
        ...withInstance.map((agent) => `writ.${tenant}.task.${agent}`),
        ...['health', 'errors', 'metrics'].flatMap((kind) =>
          withInstance.map((agent) => `writ.${tenant}.tel.${kind}.${agent}`),
        ),
        TASK_INBOX,
      ],
      deny: [],
    },
    sub: {
      allow: [
        `_INBOX.${keyId}.>`,
        ...withInstance.flatMap((agent) => [
          `writ.${tenant}.task.${agent}`,
          `writ.${tenant}.tel.control.${agent}`,
        ]),
        ...['registry.agent', 'authority.grants', 'execution.facts'].flatMap((kind) =>
          own.map((agent) => `writ.${tenant}.evt.${kind}.${agent}`),
        ),
      ],
      deny: [],
    },
  };
}

/** The two subject tokens of an agent pattern; `undefined` where a subject would say more than the pattern does. */
function subjectTokens(pattern: string): string | undefined {
  if (pattern === '*') return '*.*';
  if (pattern.endsWith(':*')) {
    const tokens = agentTokens(`${pattern.slice(0, -1)}x`);
    return tokens && `${tokens.container}.*`;
  }
  const tokens = agentTokens(pattern);
  return tokens && `${tokens.container}.${tokens.name}`;
}
