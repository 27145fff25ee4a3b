import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeAttributes, percentDecode, percentEncode } from './envelope.ts';

test('any text survives its way through a header, as printable ASCII without spaces, quotes or percent signs', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      fc.pre(text.isWellFormed());
      const encoded = percentEncode(text);
      expect(encoded).toMatch(/^[!#$&-~%]*$/);
      expect(encoded.replace(/%[0-9A-F]{2}/g, '')).not.toMatch(/["%\\]/);
      expect(percentDecode(encoded)).toBe(text);
    }),
  );
});

test('text that needs no encoding is left as it is', () => {
  expect(percentEncode('agent/langgraph-v2:x')).toBe('agent/langgraph-v2:x');
  expect(percentEncode('Größe 1%')).toBe('Gr%C3%B6%C3%9Fe%201%25');
});

test('attributes are headers of the binary mode, and those that are absent are left out', () => {
  const text = encodeAttributes({
    id: '1',
    type: 'dev.writ.registry.AgentRegistered.v1',
    source: '/writ/c1/1',
    subject: 'agent/a b',
    time: '2027-01-01T00:00:00.000Z',
    authtype: 'system',
    authid: 'writ',
    writtenant: 'default',
    writversion: '1',
    traceparent: undefined,
  });
  const lines = text.split('\r\n');
  expect(lines).toContain('ce-specversion: 1.0');
  expect(lines).toContain('ce-datacontenttype: application/json');
  expect(lines).toContain('ce-subject: agent/a%20b');
  expect(lines.at(-1)).toBe('');
  expect(text).not.toContain('traceparent');
});
