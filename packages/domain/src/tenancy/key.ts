/** An API key: made once, revoked once. */
import type { EventData, WritEvent } from '@writ/contracts';
import { type Decider, type Folded, laterOf, Refusal } from '../decider.ts';

export type KeyEventName = 'KeyCreated' | 'KeyRevoked';

export type KeyState =
  | { readonly status: 'unknown' }
  | {
      readonly status: 'active' | 'revoked';
      readonly key: EventData<'KeyCreated'>;
      readonly timeMs: number;
    };

export type KeyCommand =
  | { readonly type: 'CreateKey'; readonly key: EventData<'KeyCreated'> }
  | { readonly type: 'RevokeKey'; readonly keyId: string; readonly reason: string | null };

function decide(state: KeyState, command: KeyCommand): readonly WritEvent<KeyEventName>[] {
  switch (command.type) {
    case 'CreateKey':
      return state.status === 'unknown' ? [{ type: 'KeyCreated', data: command.key }] : [];
    case 'RevokeKey':
      if (state.status === 'unknown')
        throw new Refusal('KEY_UNKNOWN', `there is no key \`${command.keyId}\`; list the keys`);
      return state.status === 'revoked'
        ? []
        : [{ type: 'KeyRevoked', data: { keyId: command.keyId, reason: command.reason } }];
  }
}

function evolve(state: KeyState, event: Folded<KeyEventName>): KeyState {
  switch (event.type) {
    case 'KeyCreated':
      return { status: 'active', key: event.data, timeMs: event.timeMs };
    case 'KeyRevoked':
      return state.status === 'unknown'
        ? state
        : { ...state, status: 'revoked', timeMs: laterOf(state.timeMs, event.timeMs) };
  }
}

export const key: Decider<KeyState, KeyCommand, KeyEventName> = {
  initial: () => ({ status: 'unknown' }),
  decide,
  evolve,
};

/** Whether it is a key of an admin, revoked or not. */
export function isAdminKey(state: KeyState | undefined): boolean {
  return state !== undefined && state.status !== 'unknown' && state.key.role === 'admin';
}
