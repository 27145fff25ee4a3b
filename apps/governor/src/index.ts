export { type GovernorOptions, startGovernor } from './start-governor.ts';
