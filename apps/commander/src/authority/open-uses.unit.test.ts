import type { StoredEvent } from '@writ/bus';
import { initialUses, type UsesState } from '@writ/domain';
import { expect, test } from 'vitest';
import { OpenUses } from './open-uses.ts';

const tenant = 'default';
const data = { grantId: 'g1', agentId: 'holder', costMicros: null, tokens: null };

function noted(
  uses: OpenUses,
  type: 'GrantUseReserved' | 'GrantUseSettled',
  { decisionId, seq }: { readonly decisionId: string; readonly seq: number },
): void {
  const told = type === 'GrantUseReserved' ? { ...data, usedBy: 'user' } : data;
  const event = { type, data: { ...told, decisionId }, tenant, seq } as unknown as StoredEvent;
  uses.note(event as Parameters<OpenUses['note']>[0]);
}

const names = (uses: OpenUses) => uses.waiting().map(({ decisionId }) => decisionId);

test('a use that stays open is told of once, and again where that is asked for', () => {
  const uses = new OpenUses();
  noted(uses, 'GrantUseReserved', { decisionId: 'open', seq: 3 });
  noted(uses, 'GrantUseReserved', { decisionId: 'closed', seq: 4 });
  expect(names(uses)).toEqual([]);
  noted(uses, 'GrantUseReserved', { decisionId: 'later', seq: 5 });
  noted(uses, 'GrantUseSettled', { decisionId: 'closed', seq: 6 });
  expect(uses.waiting()).toMatchObject([{ decisionId: 'open', usedBy: 'user', seq: 3 }]);
  expect(names(uses)).toEqual(['later']);
  uses.waitsOn({ tenant, decisionId: 'later', usedBy: 'user' });
  expect([names(uses), names(uses), names(uses)]).toEqual([[], ['later'], []]);
});

test('a use that a snapshot holds is known, and not waited on', () => {
  const uses = new OpenUses();
  const open = new Map([['kept', { usedBy: 'user', atMs: 1, costMicros: 0, tokens: 0 }]]);
  const state: UsesState = initialUses().set('g1', { used: 1, open, spent: {} });
  uses.take(tenant, new Map([['holder', state]]));
  expect(uses.holdersOf({ tenant, decisionId: 'kept', usedBy: 'user' })).toEqual(['holder']);
  expect([names(uses), names(uses)]).toEqual([[], []]);
});
