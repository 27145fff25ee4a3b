/** Commands: each is stored at most once however often it is sent, because its idempotency key stays the same. */
import { randomUUID } from 'node:crypto';
import {
  type CommandAccepted,
  type CommandInput,
  type CommandVerb,
  commandAccepted,
  subjects,
  WritError,
} from '@writ/contracts';
import type { Freshness } from './freshness.ts';
import type { Link } from './link.ts';
import type { CommandOptions } from './options.ts';

export type SendCommand = <V extends CommandVerb>(
  verb: V,
  body: CommandInput<V>,
  options?: CommandOptions,
) => Promise<CommandAccepted>;

export function commandSender(link: Link, freshness: Freshness): SendCommand {
  return async (verb, body, options = {}) => {
    const reply = await link.call({
      subject: subjects.command({ tenant: link.tenant, key: link.keyId, verb }),
      asked: `\`${verb}\``,
      body,
      options: { ...options, idempotencyKey: options.idempotencyKey ?? randomUUID() },
    });
    const parsed = commandAccepted.safeParse(reply);
    if (!parsed.success)
      throw new WritError(
        'INTERNAL',
        `the answer to \`${verb}\` does not have the shape of a reply; update the SDK`,
        { cause: parsed.error },
      );
    freshness.saw(parsed.data);
    return parsed.data;
  };
}
