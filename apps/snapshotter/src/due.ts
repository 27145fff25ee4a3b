/** When a snapshot is worth its making. */

export type SnapshotRule = {
  /** Made when so many events came since the last one, */
  readonly afterEvents: number;
  /** or when so much time has passed, */
  readonly afterMs: number;
  /** if there were so many events: to fold fewer is quicker than to read a snapshot. */
  readonly leastEvents: number;
  /** Making them takes at most this share of the time. */
  readonly share: number;
};

export const SNAPSHOT_RULE: SnapshotRule = {
  afterEvents: 25_000,
  afterMs: 15 * 60_000,
  leastEvents: 1000,
  share: 0.1,
};

export type Since = {
  /** Events of the log after the last snapshot. */
  readonly events: number;
  /** Since the last snapshot was made, or since this snapshotter has been looking. */
  readonly ms: number;
  /** What the last one took to make; 0 when none was made here. */
  readonly tookMs: number;
};

/** True when a snapshot is to be made now. */
export function isDue(rule: SnapshotRule, { events, ms, tookMs }: Since): boolean {
  if (events < rule.leastEvents || ms * rule.share < tookMs) return false;
  return events >= rule.afterEvents || ms >= rule.afterMs;
}
