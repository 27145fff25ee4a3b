/** A thread that makes one snapshot and ends: folding and writing a large world would hold up whatever else runs in the process. */
import { parentPort, workerData } from 'node:worker_threads';
import { type SnapshotTask, takeSnapshot } from './take-snapshot.ts';

parentPort?.postMessage(await takeSnapshot(workerData as SnapshotTask));
