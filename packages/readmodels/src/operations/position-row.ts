/** A row of `projection_positions`. */
export type PositionRow = {
  projection: string;
  version: number;
  source: string;
  cell: string;
  segment: number;
  stream_created: string;
  seq: number;
  msg_id: string | null;
  epoch: number;
  status: 'running' | 'paused';
  paused_seq: number | null;
  paused_reason: string | null;
  updated_at: string;
};
