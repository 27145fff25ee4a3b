/** `writ log archive`. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createArchive } from '@writ/archive';
import { logSegments, type NatsConnection, readRawMessages, type Secrets } from '@writ/bus';
import { WritError } from '@writ/contracts';
import { goOnUnless, refused } from '../archive/archive-failure.ts';
import { pepperMark } from '../archive/log-segments.ts';
import { asUser, cellSecrets, natsUrlOf } from '../platform/cell-access.ts';
import type { Session } from '../session.ts';
import { openProgress } from '../terminal/progress.ts';
import { VERSION } from '../version.ts';
import {
  checkSegmentFile,
  type ClosedSegment,
  closedSegment,
  compareSegment,
  saySegment,
  segmentFile,
  type ToDirectory,
} from './segment-file.ts';

export async function archiveSegment(
  session: Session,
  number: number,
  { out }: ToDirectory,
): Promise<void> {
  const { config } = session;
  const file = segmentFile(out, number);
  if (existsSync(file))
    throw refused(`\`${file}\` is there already; \`writ log verify ${number}\` checks it`);
  const secrets = await cellSecrets(config);
  const natsUrl = natsUrlOf(config, session.connection());
  await asUser('operator', { secrets, natsUrl }, async (connection) => {
    const segment = closedSegment(await logSegments(connection), number);
    await mkdir(out, { recursive: true, mode: 0o700 });
    await write(session, { connection, secrets, segment, file });
    const { archive } = await checkSegmentFile(file, { number, cell: secrets.cell });
    await compareSegment(connection, segment, file);
    const { firstSeq, lastSeq } = segment;
    const { count, sha256 } = archive.end;
    const report = { segment: number, file, firstSeq, lastSeq, count, sha256 };
    saySegment(session, 'archived', { ...report, comparedWithBroker: true });
  });
}

type Job = {
  readonly connection: NatsConnection;
  readonly secrets: Secrets;
  readonly segment: ClosedSegment;
  readonly file: string;
};

async function write({ host }: Session, job: Job): Promise<void> {
  const { connection, secrets, segment, file } = job;
  const { stream, created, firstSeq, lastSeq } = segment;
  const archive = await createArchive(file, {
    kind: 'stream',
    cell: secrets.cell,
    tenant: null,
    streams: [{ name: stream, created, firstSeq, lastSeq }],
    fromSeq: firstSeq,
    toSeq: lastSeq,
    pepper: pepperMark(secrets),
    takenAt: new Date().toISOString(),
    writ: VERSION,
  });
  const progress = openProgress(host.stderr, 'archiving', lastSeq - firstSeq + 1);
  const signal = host.interrupted();
  let next = firstSeq;
  try {
    const query = { connection, stream, fromSeq: firstSeq, throughSeq: lastSeq };
    for await (const page of readRawMessages(query)) {
      goOnUnless(signal);
      for (const { seq } of page)
        if (seq !== next++)
          throw new WritError('EVENT_UNREADABLE', `${next - 1} is missing from \`${stream}\``);
      await archive.add(page);
      progress.at(next - firstSeq, next - firstSeq);
    }
    if (next <= lastSeq)
      throw new WritError(
        'EVENT_UNREADABLE',
        `${next} to ${lastSeq} are missing from \`${stream}\``,
      );
    await archive.finish();
  } finally {
    progress.end();
    await archive.discard();
  }
}
