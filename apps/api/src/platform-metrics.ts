/** What the API measures of the log, the projections and the other roles. */
import type { RoleReport, SnapshotCounts } from '@writ/contracts';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Overview, ProjectionState } from './overview.ts';

export const platformMetricNames = {
  log: { lastSequence: 'writ_log_last_sequence' },
  projections: {
    position: 'writ_projection_position',
    lag: 'writ_projection_lag_events',
    state: 'writ_projection_state',
  },
  roles: { running: 'writ_roles_running', ready: 'writ_roles_ready' },
  projectors: 'writ_projectors',
  snapshots: {
    loaded: 'writ_snapshots_loaded_total',
    made: 'writ_snapshots_made_total',
    ignored: 'writ_snapshots_ignored_total',
  },
} as const;

const projectionStates: readonly ProjectionState[] = [
  'running',
  'paused',
  'standby',
  'waiting',
  'halted',
  'starting',
  'stopped',
  'unattended',
];

export type PlatformMetrics = {
  /** Sets everything that is as it is now. */
  show(state: {
    readonly lastSeq: number;
    readonly overview: Overview;
    readonly reports: readonly RoleReport[];
  }): void;
  /** Counts what a process did with snapshots since its report before, however long ago that was. */
  count(report: RoleReport): void;
};

export function createPlatformMetrics(registers: Registry[]): PlatformMetrics {
  const show = gauges(registers);
  const count = snapshotCounters(registers);
  return { show, count };
}

function gauges(registers: Registry[]): PlatformMetrics['show'] {
  const names = platformMetricNames;
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Gauge<Label>({ name, help, labelNames, registers });
  const lastSequence = gauge(names.log.lastSequence, 'the last sequence of the log', []);
  const position = gauge(names.projections.position, 'the last sequence that its rows have', [
    'projection',
    'source',
  ]);
  const lag = gauge(names.projections.lag, 'messages a projection is behind its stream', [
    'projection',
  ]);
  const state = gauge(names.projections.state, '1 for the state that a projection is in', [
    'projection',
    'state',
  ]);
  const running = gauge(names.roles.running, 'processes of a role that report', ['role']);
  const ready = gauge(names.roles.ready, 'processes of a role that do their work', ['role']);
  const projectors = gauge(names.projectors, 'projectors of a stream by what they do', [
    'source',
    'state',
  ]);
  return ({ lastSeq, overview, reports }) => {
    // What is gone must not be shown as it was.
    for (const one of [position, lag, state, running, ready, projectors]) one.reset();
    lastSequence.set(lastSeq);
    for (const { projection, source, behind, ...now } of overview.projections) {
      position.set({ projection, source }, now.position);
      if (behind !== null) lag.set({ projection }, behind);
      for (const one of projectionStates)
        state.set({ projection, state: one }, one === now.state ? 1 : 0);
    }
    for (const { role, ...counts } of overview.roles) {
      running.set({ role }, counts.running);
      ready.set({ role }, counts.ready);
    }
    for (const { lanes } of reports)
      for (const { source, status } of lanes) projectors.inc({ source, state: status });
  };
}

const none: SnapshotCounts = { loaded: 0, made: 0, ignored: {} };
/** Processes whose counts are held, at most: those that ended without a word are never heard of again. */
const MOST_HELD = 1000;

function snapshotCounters(registers: Registry[]): PlatformMetrics['count'] {
  const names = platformMetricNames.snapshots;
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter<Label>({ name, help, labelNames, registers });
  const loaded = counter(names.loaded, 'snapshots that spared a role a part of the log', ['role']);
  const made = counter(names.made, 'snapshots that were stored', ['role']);
  const ignored = counter(names.ignored, 'snapshots that were passed over', ['role', 'reason']);
  const held = new Map<string, SnapshotCounts>();
  return ({ role, instance, leaving, snapshots }) => {
    if (snapshots === undefined) return;
    const known = held.get(instance) ?? none;
    // Anew, so that the first of the map is the one that was not heard of for longest.
    held.delete(instance);
    if (!leaving) held.set(instance, snapshots);
    const [oldest] = held.keys();
    if (held.size > MOST_HELD && oldest !== undefined) held.delete(oldest);
    loaded.inc({ role }, Math.max(0, snapshots.loaded - known.loaded));
    made.inc({ role }, Math.max(0, snapshots.made - known.made));
    for (const [reason, count] of Object.entries(snapshots.ignored))
      ignored.inc({ role, reason }, Math.max(0, count - (known.ignored[reason] ?? 0)));
  };
}
