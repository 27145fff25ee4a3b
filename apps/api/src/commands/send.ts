/** Sends a command to the commander over the bus and reads its reply. */
import { type KeyRecord, type Requester } from '@writ/bus';
import {
  type CommandAccepted,
  type CommandVerb,
  commandReply,
  subjects,
  WritError,
} from '@writ/contracts';
import { fromWire } from '../http/problem.ts';
import { parseReply } from '../http/reply.ts';

/** An append is retried by the commander for up to ten seconds; the answer waits a little longer. */
const COMMAND_TIMEOUT_MS = 12_000;

export type OutgoingCommand = {
  readonly verb: CommandVerb;
  readonly body: Uint8Array;
  readonly headers: readonly (readonly [string, string])[];
};

/** The accepted reply as it came; throws the commander's refusal or why no reply came. */
export async function sendCommand(
  bus: Requester,
  caller: KeyRecord,
  command: OutgoingCommand,
): Promise<CommandAccepted> {
  const subject = subjects.command({
    tenant: caller.tenant,
    key: caller.keyId,
    verb: command.verb,
  });
  const { body, headers } = command;
  const reply = parseReply(
    await bus.request({ subject, body, headers, timeoutMs: COMMAND_TIMEOUT_MS }),
  );
  const checked = commandReply.safeParse(reply);
  if (!checked.success)
    throw new WritError(
      'INTERNAL',
      'the commander answered in a shape that this release does not know',
      { cause: checked.error },
    );
  if (!checked.data.ok) {
    const { code, message, details } = checked.data.error;
    throw fromWire(code, message, details);
  }
  return reply as CommandAccepted;
}
