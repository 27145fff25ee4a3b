/** `writ log roll`. */
import { rollLog } from '@writ/streams';
import { withTopology } from '../operations/streams.ts';
import type { Session } from '../session.ts';

export async function rollOver(session: Session): Promise<void> {
  const { out } = session;
  const rolled = await withTopology(session, rollLog);
  const { from, to, lastSeq, gapMs, bounded } = rolled;
  out.document(rolled, () =>
    [
      `${out.colours.green('rolled over:')} segment ${from} is closed at ${lastSeq}, segment ${to} goes on with ${lastSeq + 1}`,
      gapMs === null
        ? 'an earlier roll had been broken off; it is finished'
        : `nothing could be stored for ${gapMs} ms; what was sent meanwhile waited`,
    ].join('\n'),
  );
  if (!bounded)
    out.note(
      `segment ${to} has no bound yet: the servers have no room to reserve; give them more and run \`writ streams apply\``,
    );
}
