/** What a running role tells the other roles of itself. */
import { z } from 'zod';

/** `running` projects, `standby` waits for another projector to go, `waiting` tries again, `halted` needs a person. */
export const laneStatuses = [
  'starting',
  'running',
  'standby',
  'waiting',
  'halted',
  'stopped',
] as const;

/** Since the role started. */
export const snapshotCounts = z.object({
  /** Snapshots that spared it a part of the log. */
  loaded: z.int().min(0),
  made: z.int().min(0),
  /** Snapshots that were passed over, by reason. */
  ignored: z.record(z.string(), z.int().min(0)),
});

/** Strangers' members are let pass: roles of several releases run side by side. */
export const roleReport = z.object({
  role: z.string(),
  /** Tells one process of a role from another. */
  instance: z.string(),
  ready: z.boolean(),
  /** What keeps it from its work. */
  detail: z.string().nullable(),
  /** True in the last report of one that stops. */
  leaving: z.boolean(),
  /** The streams that a projector turns into rows. */
  lanes: z.array(z.object({ source: z.string(), status: z.enum(laneStatuses) })).default([]),
  snapshots: snapshotCounts.optional(),
});

export type LaneStatus = (typeof laneStatuses)[number];
export type SnapshotCounts = z.infer<typeof snapshotCounts>;
export type RoleReport = z.infer<typeof roleReport>;
