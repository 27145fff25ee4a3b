export { checkedSource } from './checked-source.ts';
export { compareReadModels, historyOf } from './histories.ts';
export type { LaneLag } from './lane-state.ts';
export {
  projectionNames,
  rebuildReadModels,
  type RebuiltReadModels,
} from './rebuild-read-models.ts';
export { decisionsSource, eventsSource, operationsSource, type Source } from './sources.ts';
export { type ProjectorOptions, type RunningProjector, startProjector } from './start-projector.ts';
