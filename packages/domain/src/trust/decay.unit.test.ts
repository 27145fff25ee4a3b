import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDecayTable, decay, decayFactor, MAX_DECAY_MINUTES } from './decay.ts';
import { DEFAULT_TRUST_MODEL } from './model.ts';

const { goodDecay, badDecay } = DEFAULT_TRUST_MODEL;

/** Computed apart from this code, in decimal arithmetic of 400 digits. */
const PUBLISHED_GOOD = [
  4_611_612_024_179_314_296n,
  4_611_538_031_118_474_321n,
  4_611_390_048_558_419_076n,
  4_611_094_097_684_274_047n,
  4_610_502_252_915_579_249n,
  4_609_318_791_262_442_097n,
  4_606_952_779_220_214_546n,
  4_602_224_398_009_293_058n,
  4_592_782_189_637_156_762n,
  4_573_955_849_804_652_241n,
  4_536_534_367_770_424_941n,
  4_462_607_382_143_539_660n,
  4_318_347_903_041_565_341n,
  4_043_668_310_719_602_354n,
  3_545_612_893_371_651_587n,
  2_725_981_504_250_414_311n,
  1_611_335_882_760_153_276n,
  563_005_225_571_673_080n,
  68_732_971_575_784_075n,
  1_024_402_217_054_779n,
  227_552_330_777n,
  11_228n,
  0n,
  0n,
  0n,
  0n,
];
const PUBLISHED_BAD = [
  4_611_661_353_546_114_011n,
  4_611_636_688_796_756_376n,
  4_611_587_359_693_787_064n,
  4_611_488_703_070_812_505n,
  4_611_291_396_156_561_624n,
  4_610_896_807_653_588_578n,
  4_610_107_731_939_644_366n,
  4_608_529_985_598_872_552n,
  4_605_376_112_618_875_696n,
  4_599_074_840_293_031_910n,
  4_586_498_148_854_713_106n,
  4_561_447_849_092_965_379n,
  4_511_756_957_619_175_432n,
  4_413_993_225_750_121_019n,
  4_224_775_086_403_625_375n,
  3_870_325_182_455_348_609n,
  3_248_143_294_685_117_556n,
  2_287_760_879_784_623_945n,
  1_134_910_274_064_514_522n,
  279_295_104_877_156_039n,
  16_914_801_939_387_455n,
  62_040_330_479_019n,
  834_619_397n,
  0n,
  0n,
  0n,
];

/** Whether `entry` is 2^62·2^(-2^k/halfLife) rounded: both of its half-unit neighbours, raised to the half-life, enclose a power of 2. */
function isRounded(entry: bigint, k: number, halfLife: number): boolean {
  const power = 1n << BigInt(63 * halfLife - 2 ** k);
  return (
    (2n * entry - 1n) ** BigInt(halfLife) <= power && power < (2n * entry + 1n) ** BigInt(halfLife)
  );
}

describe('decay tables', () => {
  test('the default tables are the published ones', () => {
    expect(goodDecay.entries).toEqual(PUBLISHED_GOOD);
    expect(badDecay.entries).toEqual(PUBLISHED_BAD);
  });

  test('entries are rounded exactly, by integers alone', () => {
    for (const halfLife of [1, 2, 7, 60, 1000, 43_200]) {
      const { entries } = createDecayTable(halfLife);
      for (const k of [0, 1, 2, 5]) {
        const entry = entries[k] ?? -1n;
        if (entry > 0n) expect(isRounded(entry, k, halfLife), `${k} of ${halfLife}`).toBe(true);
      }
    }
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 60])(
    'a half-life of %d minutes is refused',
    (halfLife) => {
      expect(() => createDecayTable(halfLife)).toThrow(RangeError);
    },
  );
});

describe('decay', () => {
  test('a half-life halves', () => {
    expect(decay(100_000_000_000n, goodDecay, goodDecay.halfLifeMinutes)).toBe(50_000_000_000n);
    expect(decay(100_000_000_000n, badDecay, 2 * badDecay.halfLifeMinutes)).toBe(25_000_000_000n);
  });

  test('no time and time running backwards change nothing', () => {
    expect(decay(123n, goodDecay, 0)).toBe(123n);
    expect(decay(123n, goodDecay, -5)).toBe(123n);
  });

  test('more minutes than the table has digits count as the most it has', () => {
    expect(decayFactor(goodDecay, Number.MAX_SAFE_INTEGER)).toBe(
      decayFactor(goodDecay, MAX_DECAY_MINUTES),
    );
    const slow = createDecayTable(2 ** 40);
    expect(decay(1_000_000n, slow, MAX_DECAY_MINUTES + 1)).toBe(
      decay(1_000_000n, slow, MAX_DECAY_MINUTES),
    );
  });

  test('time never makes evidence grow', () => {
    const minutes = fc.integer({ min: 0, max: 5_000_000 });
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 14n }),
        minutes,
        minutes,
        (value, some, more) => {
          for (const table of [goodDecay, badDecay]) {
            expect(decay(value, table, some + more) <= decay(value, table, some)).toBe(true);
          }
        },
      ),
    );
  });

  test('one minute more never raises the factor, at every power of two', () => {
    for (const table of [goodDecay, badDecay]) {
      for (let k = 0; k < 26; k += 1) {
        expect(decayFactor(table, 2 ** k) <= decayFactor(table, 2 ** k - 1), `2^${k}`).toBe(true);
      }
    }
  });
});
