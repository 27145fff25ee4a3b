/** `writ log verify`. */
import { logSegments } from '@writ/bus';
import { asUser, cellSecrets, natsUrlOf } from '../platform/cell-access.ts';
import type { Session } from '../session.ts';
import {
  checkSegmentFile,
  closedSegment,
  compareSegment,
  type FromDirectory,
  saySegment,
  segmentFile,
} from './segment-file.ts';

export async function verifySegment(
  session: Session,
  number: number,
  { from }: FromDirectory,
): Promise<void> {
  const { config } = session;
  const file = segmentFile(from, number);
  const secrets = await cellSecrets(config);
  const { archive, place } = await checkSegmentFile(file, { number, cell: secrets.cell });
  const natsUrl = natsUrlOf(config, session.connection());
  const comparedWithBroker = await asUser('operator', { secrets, natsUrl }, async (connection) => {
    const segments = await logSegments(connection);
    if (!segments.some((segment) => segment.number === number)) return false;
    await compareSegment(connection, closedSegment(segments, number), file);
    return true;
  });
  const { firstSeq, lastSeq } = place;
  const { count, sha256 } = archive.end;
  const report = { segment: number, file, firstSeq, lastSeq, count, sha256, comparedWithBroker };
  saySegment(session, 'verified', report);
}
