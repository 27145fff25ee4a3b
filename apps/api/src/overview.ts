/**
 * How far every projection is, and which roles are there: positions from Postgres, the ends of the streams from the
 * broker, and what only a process knows of itself from its reports.
 */
import type { RoleReports } from '@writ/bus';
import { type LaneStatus, type PositionView, type RoleReport, toWritError } from '@writ/contracts';
import { kept } from './kept.ts';

/** `paused` before an event that it can not take; `unattended` where no projector says that it has the stream. */
export type ProjectionState = 'paused' | 'unattended' | LaneStatus;

export type ProjectionProgress = {
  readonly projection: string;
  readonly source: string;
  readonly position: number;
  /** Messages of its stream that it has not taken yet; `null` where the broker does not say. */
  readonly behind: number | null;
  readonly state: ProjectionState;
};

/** Without what a process says of itself: everybody may read this, and errors name hosts, users and values. */
export type RolePresence = {
  readonly role: string;
  /** Processes that report, and how many of them do their work. */
  readonly running: number;
  readonly ready: number;
};

export type Overview = {
  readonly projections: readonly ProjectionProgress[];
  /** Why there is nothing to say about the projections. */
  readonly failure: string | null;
  readonly roles: readonly RolePresence[];
};

export type OverviewParts = {
  readonly positions: () => Promise<readonly PositionView[]>;
  /** The last sequence of a stream. */
  readonly endOf: (source: string) => Promise<number>;
  readonly reports: Pick<RoleReports, 'current'>;
  readonly nowMs: () => number;
};

const KEPT_MS = 500;

/** Looks when asked, but not more often than twice a second; never rejects. */
export function openOverview(parts: OverviewParts): () => Promise<Overview> {
  return kept(() => lookAt(parts), { forMs: KEPT_MS, nowMs: parts.nowMs });
}

async function lookAt({ positions, endOf, reports }: OverviewParts): Promise<Overview> {
  const current = reports.current();
  const roles = presenceOf(current);
  try {
    const rows = await positions();
    const sources = [...new Set(rows.map(({ source }) => source))];
    const ends = new Map<string, number | undefined>(
      await Promise.all(
        sources.map(async (source) => {
          const end = await endOf(source).catch(() => undefined);
          return [source, end] as const;
        }),
      ),
    );
    const projections = rows.map((row) => progressOf(row, ends.get(row.source), current));
    return { projections, failure: null, roles };
  } catch (thrown) {
    return { projections: [], failure: toWritError(thrown).message, roles };
  }
}

function progressOf(
  { projection, source, seq, paused }: PositionView,
  end: number | undefined,
  reports: readonly RoleReport[],
): ProjectionProgress {
  return {
    projection,
    source,
    position: seq,
    behind: end === undefined ? null : Math.max(0, end - seq),
    state: paused === null ? laneOf(source, reports) : 'paused',
  };
}

/** What says most about a stream that several projectors have to do with. */
const telling: readonly LaneStatus[] = [
  'running',
  'halted',
  'waiting',
  'starting',
  'standby',
  'stopped',
];

function laneOf(source: string, reports: readonly RoleReport[]): ProjectionState {
  const statuses = reports.flatMap(({ lanes }) =>
    lanes.flatMap((lane) => (lane.source === source ? [lane.status] : [])),
  );
  return telling.find((status) => statuses.includes(status)) ?? 'unattended';
}

function presenceOf(reports: readonly RoleReport[]): RolePresence[] {
  return [...Map.groupBy(reports, ({ role }) => role)]
    .map(([role, all]) => ({
      role,
      running: all.length,
      ready: all.filter(({ ready }) => ready).length,
    }))
    .sort((a, b) => (a.role < b.role ? -1 : 1));
}
