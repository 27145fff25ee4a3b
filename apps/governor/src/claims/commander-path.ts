/** The private path to the commander: what an answer rests on is claimed there, in the name of the key that asked. */
import { type NatsConnection, openRequester } from '@writ/bus';
import {
  claimResult,
  commandReply,
  type GovernorOrder,
  isErrorCode,
  subjects,
  WritError,
} from '@writ/contracts';
import type { Asker } from '../decide/decide-question.ts';

export type Claimed = {
  /** False when the state has moved on: the reason can be seen from `seq` on. */
  readonly claimed: boolean;
  readonly seq: number;
};

/** Throws when it is not certain that the claim is made: a claim in doubt may have been. */
export type Claim = (asker: Asker, order: GovernorOrder) => Promise<Claimed>;

const TIMEOUT_MS = 4000;

/** Opens the path on the governor's storing connection. */
export function openCommanderPath(connection: NatsConnection): Claim {
  const requester = openRequester(connection);
  return async ({ tenant, keyId }, { verb, body }) => {
    const { data } = await requester.request({
      subject: subjects.governor({ tenant, key: keyId, verb }),
      body: JSON.stringify(body),
      timeoutMs: TIMEOUT_MS,
    });
    const reply = commandReply.parse(JSON.parse(Buffer.from(data).toString('utf8')));
    if (!reply.ok) {
      const { code, message } = reply.error;
      throw new WritError(isErrorCode(code) ? code : 'LOG_UNAVAILABLE', message);
    }
    const { claimed } = claimResult.parse(reply.result);
    return { claimed, seq: reply.seq };
  };
}
