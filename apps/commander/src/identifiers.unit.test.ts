import { checkBody, commands } from '@writ/contracts';
import { describe, expect, test } from 'vitest';
import { derivedId, derivedKeyId, fingerprintOf, freshId } from './identifiers.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-([78])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('a fingerprint', () => {
  const registration = {
    agentId: 'town:a',
    name: 'A',
    type: 'x',
    version: '1.0.0',
    labels: { b: '2', a: '1' },
  };
  const report = {
    agentId: 'a',
    action: 'count',
    resource: 'dataset:x',
    outcome: 'succeeded',
    tokens: { output: 1, input: 2 },
  };
  const rules = {
    first: { actions: ['*'], schema: { type: 'object', required: ['a'] } },
    second: { actions: ['count'], maxBytes: 100 },
  };
  const of = (
    verb: 'registry.register-agent' | 'execution.report' | 'authority.publish-validation',
    body: object,
  ) => fingerprintOf('pepper', verb, checkBody(commands[verb].schema, body));
  const reversed = (body: object) => Object.fromEntries(Object.entries(body).toReversed());

  test('is the same whatever the order of the members', () => {
    const other = { ...reversed(registration), labels: reversed(registration.labels) };
    expect(of('registry.register-agent', other)).toBe(of('registry.register-agent', registration));
    const turned = { ...reversed(report), tokens: reversed(report.tokens) };
    expect(of('execution.report', turned)).toBe(of('execution.report', report));
    const first = { ...rules.first, schema: reversed(rules.first.schema) };
    expect(of('authority.publish-validation', { rules: { second: rules.second, first } })).toBe(
      of('authority.publish-validation', { rules }),
    );
  });

  test('is another for another value, verb or pepper', () => {
    const first = of('execution.report', report);
    expect(of('execution.report', { ...report, durationMs: 1 })).not.toBe(first);
    const body = checkBody(commands['execution.report'].schema, report);
    expect(fingerprintOf('pepper', 'execution.start', body)).not.toBe(first);
    expect(fingerprintOf('salt', 'execution.report', body)).not.toBe(first);
  });
});

describe('an id', () => {
  test('is a UUIDv8 derived from its parts, or a UUIDv7 in the order of time', () => {
    expect(derivedId('a', 'b')).toMatch(uuid);
    expect(derivedId('a', 'b')).toBe(derivedId('a', 'b'));
    expect(derivedId('ab')).not.toBe(derivedId('a', 'b'));
    expect(derivedId('ü', 'b')).toBe('683eeea4-f80b-8d91-afd6-a63ca7a6b950');
    expect(freshId(1_700_000_000_000)).toMatch(uuid);
    expect(freshId(1) < freshId(2)).toBe(true);
  });

  test('of a key fits a subject token', () => {
    for (let i = 0; i < 500; i++) expect(derivedKeyId(String(i))).toMatch(/^[a-z0-9]{16}$/);
  });
});
