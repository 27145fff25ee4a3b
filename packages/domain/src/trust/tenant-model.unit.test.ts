import { describe, expect, test } from 'vitest';
import { specify } from '../decider.testkit.ts';
import { Town } from './attacks.fixture.ts';
import { createDecayTable } from './decay.ts';
import { DEFAULT_TRUST_MODEL } from './model.ts';
import { ownModelOf, tenantModel, type TenantModelCommand } from './tenant-model.ts';

const the = specify(tenantModel);
const publish = (parameters: TenantModelCommand['parameters']): TenantModelCommand => ({
  type: 'PublishModel',
  parameters,
  note: null,
});
const eventOf = (parameters: TenantModelCommand['parameters'], state = tenantModel.initial()) => {
  const [event] = tenantModel.decide(state, publish(parameters));
  if (event === undefined) throw new Error('nothing was published');
  return event;
};

describe('a published model', () => {
  test('has what was given, and everything else of the model before it', () => {
    const first = eventOf({ severity: { bad: { critical: 50 } }, halfLifeMinutes: { good: 1440 } });
    const state = the
      .given(first)
      .when(publish({ z: 2 }))
      .then(eventOf({ z: 2 }, tenantModel.evolve(tenantModel.initial(), { ...first, timeMs: 1 })));
    const model = ownModelOf('acme', state);
    expect(model).toEqual({
      ...DEFAULT_TRUST_MODEL,
      version: 'acme/2',
      goodDecay: createDecayTable(1440),
      severity: {
        ...DEFAULT_TRUST_MODEL.severity,
        bad: { ...DEFAULT_TRUST_MODEL.severity.bad, critical: 50_000_000_000n },
      },
      z: 2_000_000_000n,
    });
  });

  test('may lift limits, and set them again', () => {
    const none = eventOf({ caps: null, peers: null });
    expect(none.data.model).toMatchObject({ caps: null, peers: null });
    const caps = { perRaterOwner: 0.5, perAgent: 2, raterOwners: 10 };
    const some = eventOf(
      { caps, peers: { maxGood: 1.25, maxBad: 0, blame: caps } },
      tenantModel.evolve(tenantModel.initial(), { ...none, timeMs: 1 }),
    );
    const inNano = { perRaterOwner: '500000000', perAgent: '2000000000', raterOwners: 10 };
    expect(some.data.model).toMatchObject({
      caps: inNano,
      peers: { maxGood: '1250000000', maxBad: '0', blame: inNano },
    });
  });

  test('that says the same as the one before is not published again', () => {
    the
      .given(eventOf({ z: 2 }))
      .when(publish({ z: 2 }))
      .then();
  });

  test('is in force from its event on: for facts to come, and for reading what there is', () => {
    const town = new Town();
    town.register('worker', 'alice', 'k0alice');
    town.rate('worker', 1, { by: 'usr_dana', source: 'human' });
    const before = town.reading('worker');
    const data = eventOf({ severity: { good: { normal: 4 } }, caps: null, z: 1 }).data;
    town.tell({ type: 'TrustModelPublished', data }, 'k0operator');
    const after = town.reading('worker');
    expect(after.r).toBe(before.r);
    expect(after.modelVersion).toBe('default/1');
    expect(after.score).toBeGreaterThan(before.score);
    town.rate('worker', 1, { by: 'usr_dana', source: 'human' });
    expect(town.reading('worker').r).toBe(before.r + 4_000_000_000n);
  });
});
