export { startSnapshotter, type SnapshotterOptions } from './start-snapshotter.ts';
