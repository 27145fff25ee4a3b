/** The demonstration fleet. */
export { StoryFailed } from './expectation.ts';
export { type FleetOptions, runFleet } from './run-fleet.ts';
