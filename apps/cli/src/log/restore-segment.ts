/** `writ log restore`. */
import { messagesOf } from '@writ/archive';
import { logSegments, openStreamReader, segmentStream, storeAtSequences } from '@writ/bus';
import { beginRestore, endRestore } from '@writ/streams';
import { goOnUnless, readingArchive } from '../archive/archive-failure.ts';
import { withTopology } from '../operations/streams.ts';
import { cellSecrets } from '../platform/cell-access.ts';
import type { Session } from '../session.ts';
import { openProgress } from '../terminal/progress.ts';
import {
  checkSegmentFile,
  closedSegment,
  compareSegment,
  type FromDirectory,
  saySegment,
  segmentFile,
} from './segment-file.ts';

export async function restoreSegment(
  session: Session,
  number: number,
  { from }: FromDirectory,
): Promise<void> {
  const { cell } = await cellSecrets(session.config);
  const file = segmentFile(from, number);
  const stream = segmentStream(number);
  const { archive, place } = await checkSegmentFile(file, { number, cell });
  const { firstSeq, lastSeq } = place;
  const signal = session.host.interrupted();
  const progress = openProgress(session.host.stderr, 'restoring', lastSeq - firstSeq + 1);
  await withTopology(session, async (connection, declared) => {
    const ingest = await beginRestore(connection, declared, place);
    const stored = (await openStreamReader(connection, stream).status()).lastSeq;
    await readingArchive(file, async () => {
      for await (const page of messagesOf(file)) {
        goOnUnless(signal);
        const missing = page.filter(({ seq }) => seq > stored);
        await storeAtSequences({ connection, stream, ingest }, missing);
        const done = (page.at(-1)?.seq ?? firstSeq) - firstSeq + 1;
        progress.at(done, done);
      }
    });
    await compareSegment(connection, { ...place, stream }, file);
    await endRestore(connection, declared, place);
    closedSegment(await logSegments(connection), number);
  }).finally(() => progress.end());
  const { count, sha256 } = archive.end;
  const report = { segment: number, file, firstSeq, lastSeq, count, sha256 };
  saySegment(session, 'restored', { ...report, comparedWithBroker: true });
}
