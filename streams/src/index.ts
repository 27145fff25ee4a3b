export { applyStreams, checkStreams, planStreams } from './apply.ts';
export { type Change, type Plan, planFor, type Present, type Step } from './plan.ts';
export {
  type DeclaredConsumer,
  type DeclaredStream,
  DECISIONS_FLOOR_DAYS,
  topology,
  type Topology,
  type TopologyOptions,
} from './topology.ts';
export { beginRestore, endRestore, removeSegment, type SegmentPlace } from './archived-segment.ts';
export { rollLog, type Rolled } from './roll.ts';
export { openSegment } from './segments.ts';
export { segmentNumber } from '@writ/bus';
