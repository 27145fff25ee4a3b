/** Events out of archives of the log, without a running platform: `writ replay --archive`. */
import { resolve } from 'node:path';
import { checkArchive, messagesOf } from '@writ/archive';
import { decodeRawMessage } from '@writ/bus';
import { type EventView, toEventView } from '@writ/contracts';
import { goOnUnless, readingArchive } from '../archive/archive-failure.ts';

export type ArchiveRange = {
  readonly tenant: string;
  readonly from?: number;
  readonly to?: number;
  readonly since?: string;
  readonly until?: string;
  readonly agent?: string;
  readonly type?: string;
  readonly correlation?: string;
  readonly limit?: number;
};

/** Prints what the files hold of a tenant, in the order of the log; each file is checked whole before anything of it is printed. */
export async function replayArchives(
  files: readonly string[],
  range: ArchiveRange,
  to: { readonly print: (event: EventView) => void; readonly signal: AbortSignal },
): Promise<void> {
  const checked = await Promise.all(
    files.map(async (file) => {
      const path = resolve(file);
      const { end } = await readingArchive(file, () => checkArchive(path));
      return { path, firstSeq: end.firstSeq ?? 0 };
    }),
  );
  let left = range.limit ?? Number.POSITIVE_INFINITY;
  for (const { path } of checked.toSorted((a, b) => a.firstSeq - b.firstSeq)) {
    for await (const page of messagesOf(path)) {
      goOnUnless(to.signal);
      for (const message of page) {
        if (left <= 0 || message.seq > (range.to ?? message.seq)) return;
        if (message.seq < (range.from ?? 0) || !message.subject.split('.', 3).includes('evt'))
          continue;
        const event = decodeRawMessage(message);
        const view = toEventView(event);
        if (event.tenant !== range.tenant || !isWanted(view, range)) continue;
        to.print(view);
        left--;
      }
    }
  }
}

function isWanted(event: EventView, range: ArchiveRange): boolean {
  const timeMs = Date.parse(event.time);
  return (
    (range.since === undefined || timeMs >= Date.parse(range.since)) &&
    (range.until === undefined || timeMs <= Date.parse(range.until)) &&
    (range.agent === undefined || event.agentId === range.agent) &&
    (range.type === undefined ||
      event.type.split('.').includes(range.type) ||
      event.type === range.type) &&
    (range.correlation === undefined || event.correlationId === range.correlation)
  );
}
