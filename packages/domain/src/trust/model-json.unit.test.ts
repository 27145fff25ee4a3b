import { describe, expect, test } from 'vitest';
import { DEFAULT_TRUST_MODEL } from './model.ts';
import { scoreSqlTables, trustModelFromJson, trustModelToJson } from './model-json.ts';

describe('a published model', () => {
  test('comes back from JSON as it was, tables included', () => {
    const published: unknown = JSON.parse(JSON.stringify(trustModelToJson(DEFAULT_TRUST_MODEL)));
    expect(published).toEqual(trustModelToJson(DEFAULT_TRUST_MODEL));
    expect(trustModelFromJson(trustModelToJson(DEFAULT_TRUST_MODEL))).toEqual(DEFAULT_TRUST_MODEL);
  });

  test('may have no daily limits', () => {
    const unlimited = { ...DEFAULT_TRUST_MODEL, caps: null };
    expect(trustModelFromJson(trustModelToJson(unlimited))).toEqual(unlimited);
  });

  test('gives SQL its tables and parameters as decimal strings', () => {
    const tables = scoreSqlTables(DEFAULT_TRUST_MODEL);
    expect(tables).toMatchObject({
      version: 'writ-trust-1',
      fractionBits: 62,
      priorWeight: '2000000000',
      prior: { verified: '500000000', unverified: '200000000' },
      z: '1645000000',
    });
    expect(tables.good.slice(0, 2)).toEqual(['4611612024179314296', '4611538031118474321']);
    expect(tables.bad.slice(0, 2)).toEqual(['4611661353546114011', '4611636688796756376']);
    expect([tables.good.length, tables.bad.length]).toEqual([26, 26]);
  });
});
