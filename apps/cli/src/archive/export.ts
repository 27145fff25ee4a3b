/** `writ export`: one tenant's events, read from the log as they are stored. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ArchiveWriter, createArchive, type WrittenArchive } from '@writ/archive';
import { type NatsConnection, readRawMessages, type Secrets } from '@writ/bus';
import { tenantId } from '@writ/contracts';
import { CliFailure, type ExitCode, exitCodes } from '../failure.ts';
import { asUser, cellSecrets, natsUrlOf } from '../platform/cell-access.ts';
import type { Session } from '../session.ts';
import { openProgress } from '../terminal/progress.ts';
import { VERSION } from '../version.ts';
import { goOnUnless, refused } from './archive-failure.ts';
import { lastSequenceOf, pepperMark, type SegmentState, segmentStates } from './log-segments.ts';

export type ExportFlags = {
  readonly out: string;
  readonly tenant?: string;
  readonly fromSeq?: number;
  readonly toSeq?: number;
};

type Wanted = { readonly tenant: string; readonly fromSeq: number; readonly toSeq: number };

export async function exportTenant(session: Session, flags: ExportFlags): Promise<ExitCode> {
  const { config, out } = session;
  const tenant = flags.tenant ?? config.environment.WRIT_TENANT;
  const checked = tenantId.safeParse(tenant);
  if (!checked.success)
    throw new CliFailure(
      exitCodes.usage,
      `\`${tenant}\` is not a tenant: it ${checked.error.issues[0]?.message ?? 'is not valid'}`,
    );
  const file = resolve(flags.out);
  if (existsSync(file))
    throw new CliFailure(
      exitCodes.usage,
      `\`${flags.out}\` is there already; choose another name or remove it`,
    );
  const secrets = await cellSecrets(config);
  const natsUrl = natsUrlOf(config, session.connection());
  const { written, wanted } = await asUser('operator', { secrets, natsUrl }, async (connection) => {
    const segments = await segmentStates(connection);
    const last = lastSequenceOf(segments);
    // Older segments may have been removed from the broker: what is there is a part then.
    const first = Math.max(1, segments[0]?.firstSeq ?? 1);
    const fromSeq = Math.max(flags.fromSeq ?? 1, first);
    if (fromSeq > (flags.fromSeq ?? 1))
      out.note(
        `the events before ${first} are not on the broker, so this is a part that can not be imported; \`writ log restore\` puts them back`,
      );
    const range = { tenant, fromSeq, toSeq: Math.min(flags.toSeq ?? last, last) };
    const job = { connection, secrets, segments, wanted: range, file };
    return { written: await write(session, job), wanted: range };
  });
  out.document({ file, cell: secrets.cell, ...wanted, ...written }, () =>
    [
      `${out.colours.green('exported')} ${written.count.toLocaleString('en')} events of \`${tenant}\` to ${flags.out} (${written.bytes.toLocaleString('en')} bytes)`,
      `the log up to ${wanted.toSeq}; sha256 ${written.sha256}`,
    ].join('\n'),
  );
  return exitCodes.done;
}

type Job = {
  readonly connection: NatsConnection;
  readonly secrets: Secrets;
  readonly segments: readonly SegmentState[];
  readonly wanted: Wanted;
  readonly file: string;
};

async function write(session: Session, job: Job): Promise<WrittenArchive> {
  const { segments, secrets, wanted, file } = job;
  const archive = await createArchive(file, {
    kind: 'tenant',
    cell: secrets.cell,
    tenant: wanted.tenant,
    streams: segments.map(({ name, created, firstSeq, lastSeq }) => ({
      name,
      created,
      firstSeq,
      lastSeq,
    })),
    fromSeq: wanted.fromSeq,
    toSeq: wanted.toSeq,
    pepper: pepperMark(secrets),
    takenAt: new Date().toISOString(),
    writ: VERSION,
  });
  try {
    const count = await copy(session, job, archive);
    if (count === 0)
      throw refused(
        `the tenant \`${wanted.tenant}\` has no events from ${wanted.fromSeq} to ${wanted.toSeq}`,
      );
    return await archive.finish();
  } finally {
    await archive.discard();
  }
}

async function copy({ host }: Session, job: Job, archive: ArchiveWriter): Promise<number> {
  const { connection, segments, wanted } = job;
  const signal = host.interrupted();
  const progress = openProgress(host.stderr, 'exporting', wanted.toSeq);
  let count = 0;
  try {
    for (const { name, firstSeq, lastSeq } of segments) {
      const range = {
        fromSeq: Math.max(wanted.fromSeq, firstSeq),
        throughSeq: Math.min(wanted.toSeq, lastSeq),
      };
      const query = { connection, stream: name, filter: `writ.${wanted.tenant}.evt.>`, ...range };
      for await (const page of readRawMessages(query)) {
        goOnUnless(signal);
        await archive.add(page);
        count += page.length;
        progress.at(page.at(-1)?.seq ?? 0, count);
      }
    }
  } finally {
    progress.end();
  }
  return count;
}
