import type { EventData } from '@writ/contracts';
import { describe, test } from 'vitest';
import { specify } from '../decider.testkit.ts';
import { type KeyCommand, key } from './key.ts';

const data: EventData<'KeyCreated'> = {
  keyId: 'key0000001',
  name: 'worker',
  role: 'agent',
  agents: ['town:*'],
  expiresAt: null,
  secretHash: 'aa',
};
const created = { type: 'KeyCreated', data } as const;
const revoked = { type: 'KeyRevoked', data: { keyId: data.keyId, reason: null } } as const;
const create: KeyCommand = { type: 'CreateKey', key: created.data };
const revoke: KeyCommand = { type: 'RevokeKey', keyId: data.keyId, reason: null };
const a = specify(key);

describe('an API key', () => {
  test('is made once', () => {
    a.given().when(create).then(created);
    a.given(created).when(create).then();
  });

  test('is revoked once and for ever', () => {
    a.given(created).when(revoke).then(revoked);
    a.given(created, revoked).when(revoke).then();
    a.given(created, revoked).when(create).then();
  });

  test('that was never made can not be revoked', () => {
    a.given().when(revoke).thenThrows('KEY_UNKNOWN');
  });
});
