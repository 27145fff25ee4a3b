import type { BusRequest } from '@writ/bus';
import { ANSWER_TOO_LARGE, denyUnanswerable } from './unanswerable.ts';

/** Sends an answer, or a small deny where it is larger than a message may be; never throws. */
export function send(
  request: Pick<BusRequest, 'reply'>,
  body: string,
  onUnsent: (error: unknown) => void,
): void {
  try {
    request.reply(Buffer.from(body, 'utf8'));
  } catch (thrown) {
    onUnsent(thrown);
    denyInstead(request, onUnsent);
  }
}

function denyInstead(request: Pick<BusRequest, 'reply'>, onUnsent: (error: unknown) => void): void {
  try {
    request.reply(denyUnanswerable(ANSWER_TOO_LARGE, { nowMs: Date.now(), seq: 0 }));
  } catch (thrown) {
    onUnsent(thrown);
  }
}
