/** What a key may reach: routes by its role, agents by the patterns it holds. */
import type { KeyRecord } from '@writ/bus';
import { WritError } from '@writ/contracts';
import { speaksFor } from '@writ/domain';
import type { Access } from '../http/route.ts';

/** Throws `NOT_ALLOWED` when the key's role may not use a route. */
export function refuseRole(caller: KeyRecord, access: Access): void {
  if (access === 'public' || access.includes(caller.role)) return;
  throw new WritError(
    'NOT_ALLOWED',
    `a key of role \`${caller.role}\` may not do this; use one of role \`${access.join('` or `')}\``,
  );
}

/** Throws `NOT_ALLOWED` when the address names an agent that the key does not speak for. */
export function refuseForeignAgent(caller: KeyRecord, params: object): void {
  if (!('agentId' in params) || typeof params.agentId !== 'string') return;
  refuseAgent(caller, params.agentId);
}

export function refuseAgent(caller: KeyRecord, agentId: string): void {
  if (speaksFor(caller, agentId)) return;
  throw new WritError(
    'NOT_ALLOWED',
    `the key does not speak for agent \`${agentId}\`; use a key that does`,
    {
      details: [{ path: 'agentId', message: 'must be an agent that the key speaks for' }],
    },
  );
}
