/** What people read when a command was accepted. */
import type { CommandAccepted } from '@writ/contracts';
import type { Output } from './output.ts';

/** Prints the reply as the document; for people one sentence, and the sequence where something was stored. */
export function sayAccepted(
  out: Output,
  reply: CommandAccepted,
  stored: string,
  unchanged: string,
): void {
  out.document(reply, () =>
    reply.events.length === 0
      ? `${unchanged}; nothing changed`
      : `${out.colours.green('done:')} ${stored} ${out.colours.dim(`(event ${reply.seq})`)}`,
  );
}
