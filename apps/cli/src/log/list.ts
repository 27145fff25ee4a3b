/** `writ log list`. */
import { logSegments, openStreamReader, type Segment } from '@writ/bus';
import { asUser, cellSecrets, natsUrlOf } from '../platform/cell-access.ts';
import type { Session } from '../session.ts';
import { renderTable } from '../terminal/table.ts';

export async function listSegments(session: Session): Promise<void> {
  const { config, out } = session;
  const secrets = await cellSecrets(config);
  const natsUrl = natsUrlOf(config, session.connection());
  const rows = await asUser('operator', { secrets, natsUrl }, async (connection) => {
    const segments = await logSegments(connection);
    return Promise.all(
      segments.map(async (segment): Promise<Segment> => {
        const status = await openStreamReader(connection, segment.stream).status();
        const { messages, bytes } = status;
        return { ...segment, lastSeq: segment.lastSeq ?? status.lastSeq, messages, bytes };
      }),
    );
  });
  const items = rows.map(
    ({ number, stream, created, firstSeq, lastSeq, open, messages, bytes }) => ({
      segment: number,
      stream,
      state: open ? 'open' : 'closed',
      created,
      firstSeq,
      lastSeq: lastSeq ?? 0,
      messages,
      bytes,
    }),
  );
  out.document({ items }, () =>
    renderTable(
      out,
      [
        { title: 'SEGMENT', cell: (row) => String(row.segment) },
        { title: 'STATE', cell: (row) => row.state },
        { title: 'FROM', cell: (row) => String(row.firstSeq) },
        { title: 'TO', cell: (row) => String(row.lastSeq) },
        { title: 'EVENTS', cell: (row) => row.messages.toLocaleString('en') },
        { title: 'BYTES', cell: (row) => row.bytes.toLocaleString('en') },
        { title: 'CREATED', cell: (row) => row.created },
      ],
      items,
      'no segments',
    ),
  );
}
