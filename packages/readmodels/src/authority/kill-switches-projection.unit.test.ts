import { describe, expect, test } from 'vitest';
import { recorded } from '../recorded.fixture.ts';
import { evolveSwitch } from './kill-switches-projection.ts';

const scope = { kind: 'type', id: 'charts' } as const;
const told = (type: 'KillSwitchEngaged' | 'KillSwitchReleased', reason: string, seq: number) =>
  recorded({ type, data: { scope, reason } }, { seq });

describe('the row of a kill switch', () => {
  test('says who stopped, who let go on, and that it is stopped again', () => {
    const stopped = evolveSwitch(undefined, told('KillSwitchEngaged', 'odd charts', 4));
    expect(stopped).toMatchObject({
      scope_name: 'type:charts',
      engaged: true,
      engaged_by: 'k0operator',
      engage_reason: 'odd charts',
    });
    const released = evolveSwitch(stopped, told('KillSwitchReleased', 'mended', 5));
    expect(released).toMatchObject({
      engaged: false,
      engage_reason: 'odd charts',
      release_reason: 'mended',
      seq: 5,
    });
    expect(evolveSwitch(released, told('KillSwitchEngaged', 'again', 6))).toMatchObject({
      engaged: true,
      engage_reason: 'again',
      released_at: null,
    });
  });

  test('is not made when one that never was engaged is released', () => {
    expect(evolveSwitch(undefined, told('KillSwitchReleased', 'mended', 4))).toBeUndefined();
  });
});
