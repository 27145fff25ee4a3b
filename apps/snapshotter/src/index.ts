export { startSnapshotter, type SnapshotterOptions } from './start-snapshotter.ts';
export { type SnapshotTask, type SnapshotTaken, takeSnapshot } from './take-snapshot.ts';
