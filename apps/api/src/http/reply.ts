/** Replies of roles: JSON, or something is wrong with them. */
import type { BusReply } from '@writ/bus';
import { WritError } from '@writ/contracts';

const decoder = new TextDecoder();

export function parseReply(reply: BusReply): unknown {
  try {
    return JSON.parse(decoder.decode(reply.data));
  } catch (cause) {
    throw new WritError('INTERNAL', 'a role answered with something that is not JSON', { cause });
  }
}
