/** The role that lets API keys in. */
export { type GatekeeperOptions, startGatekeeper } from './gatekeeper.ts';
