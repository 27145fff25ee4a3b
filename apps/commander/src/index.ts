export { startCommander, type CommanderOptions } from './start-commander.ts';
