import { expect, test } from 'vitest';
import { send } from './send.ts';

function requestThatTakes(bytes: number): {
  reply(body: Uint8Array | string): void;
  sent: string[];
} {
  const sent: string[] = [];
  return {
    sent,
    reply(body) {
      const text = String(body);
      if (text.length > bytes) throw new Error('max_payload size exceeded');
      sent.push(text);
    },
  };
}

test('an answer that is larger than a message may be becomes a small deny', () => {
  const request = requestThatTakes(1000);
  const unsent: unknown[] = [];
  send(request, 'x'.repeat(1001), (error) => unsent.push(error));
  expect(request.sent.map((text) => JSON.parse(text) as unknown)).toMatchObject([
    { decision: false, context: { code: 'OVERLOADED' } },
  ]);
  expect(unsent).toHaveLength(1);
});

test('an answer that can not be sent at all is told to us, and throws at nobody', () => {
  const unsent: unknown[] = [];
  send(requestThatTakes(0), 'x', (error) => unsent.push(error));
  expect(unsent).toHaveLength(2);
});
