/** `writ log remove`. */
import { logSegments } from '@writ/bus';
import { removeSegment } from '@writ/streams';
import { CliFailure, exitCodes } from '../failure.ts';
import { asUser, cellSecrets, natsUrlOf } from '../platform/cell-access.ts';
import type { Session } from '../session.ts';
import {
  checkSegmentFile,
  closedSegment,
  compareSegment,
  type RemoveFlags,
  saySegment,
  segmentFile,
} from './segment-file.ts';

export async function removeFromBroker(
  session: Session,
  number: number,
  { from, historyGoesOffline }: RemoveFlags,
): Promise<void> {
  const { config } = session;
  if (historyGoesOffline !== true)
    throw new CliFailure(
      exitCodes.usage,
      `without segment \`${number}\` no role starts that folds the log from its beginning, and aggregates with events in it, or new ones, take no commands until it is restored; if that is what you want, say --history-goes-offline`,
    );
  const file = segmentFile(from, number);
  const secrets = await cellSecrets(config);
  const natsUrl = natsUrlOf(config, session.connection());
  const { archive, place } = await checkSegmentFile(file, { number, cell: secrets.cell });
  await asUser('operator', { secrets, natsUrl }, async (connection) => {
    const segment = closedSegment(await logSegments(connection), number);
    await compareSegment(connection, segment, file);
    await removeSegment(connection, number);
  });
  const { firstSeq, lastSeq } = place;
  const { count, sha256 } = archive.end;
  const report = { segment: number, file, firstSeq, lastSeq, count, sha256 };
  saySegment(session, 'removed', { ...report, comparedWithBroker: true });
}
