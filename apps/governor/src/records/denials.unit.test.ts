import { describe, expect, test } from 'vitest';
import { type Denial, Denials } from './denials.ts';

const NOW = 1_795_172_400_000;
const worker = { tenant: 'default', keyId: 'k0worker000' };
const other = { tenant: 'default', keyId: 'k0other0000' };
const denial = (id: string, code: Denial['code'] = 'NO_GRANT'): Denial => ({
  code,
  request: { agentId: 'reader', action: 'read', resource: { type: 'dataset', id } },
});

function counting(perSecond: number) {
  const written: { tenant: string; [name: string]: unknown }[] = [];
  const denials = new Denials((tenant, tail) => {
    written.push({ tenant, ...(JSON.parse(`{"n":1${tail}`) as object) });
  }, perSecond);
  const deny = (count: number, atMs = NOW, denied = worker) =>
    Array.from({ length: count }, (_, n) => denials.count(denied, denial(String(n)), atMs));
  return { denials, written, deny };
}

describe('denials of a key', () => {
  test('are recorded one by one up to the bound, and share one id and one record beyond it', () => {
    const { denials, written, deny } = counting(3);
    const ids = deny(10);
    expect(ids.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    expect(new Set(ids.slice(3)).size).toBe(1);
    denials.count(worker, denial('x', 'POLICY_FORBIDS'), NOW + 5);
    denials.flush();
    const example = { agentId: 'reader', action: 'read' };
    expect(written).toEqual([
      {
        tenant: 'default',
        n: 1,
        decisionId: ids[3],
        keyId: worker.keyId,
        fromMs: NOW,
        untilMs: NOW + 5,
        count: 8,
        codes: { NO_GRANT: 7, POLICY_FORBIDS: 1 },
        examples: [3, 4, 5, 6, 7].map((id) => ({ ...example, resource: `dataset:${id}` })),
      },
    ]);
    denials.flush();
    expect(written).toHaveLength(1);
  });

  test('are recorded one by one again in the next second, and the record of the last one is written', () => {
    const { denials, written, deny } = counting(2);
    deny(5);
    expect(deny(2, NOW + 1000)).toEqual([undefined, undefined]);
    expect(written).toMatchObject([{ count: 3 }]);
    denials.flush();
    expect(written).toHaveLength(1);
  });

  test('do not count for another key', () => {
    const { denials, deny } = counting(2);
    deny(5);
    expect(deny(2, NOW, other)).toEqual([undefined, undefined]);
    denials.flush();
  });
});
