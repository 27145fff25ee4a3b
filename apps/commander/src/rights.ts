/** What a key may do: its role gives the verbs, its list gives the agents. */
import { type CommandVerb, commands, type KeyRole, WritError } from '@writ/contracts';
import { speaksFor } from '@writ/domain';
import type { Caller } from './order.ts';

/** Throws `NOT_ALLOWED` where the caller's role has no right to the verb. */
export function requireVerb(caller: Caller, verb: CommandVerb): void {
  const roles: readonly KeyRole[] = commands[verb].roles;
  if (!roles.includes(caller.role))
    throw new WritError(
      'NOT_ALLOWED',
      `a key of role \`${caller.role}\` may not give \`${verb}\`; use a key of role \`${roles.join('` or `')}\``,
    );
}

/** Throws `IDENTITY_MISMATCH` where the key does not speak for the agent. */
export function requireSpeaker(caller: Caller, agentId: string): void {
  if (!speaksFor(caller, agentId))
    throw new WritError(
      'IDENTITY_MISMATCH',
      `the key does not speak for agent \`${agentId}\`; use a key made for it`,
      {
        details: [{ path: 'agentId', message: 'must be an agent that the key speaks for' }],
      },
    );
}
