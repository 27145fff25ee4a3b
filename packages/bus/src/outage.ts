/** Trouble of ours, told from what is wrong with a command. */
import { type ErrorCode, errorCatalogue } from '@writ/contracts';

const outages: readonly ErrorCode[] = [
  'LOG_UNAVAILABLE',
  'LOG_FULL',
  'STORE_UNAVAILABLE',
  'BUS_UNAVAILABLE',
  'SERVICE_UNAVAILABLE',
  'STALE_STATE',
  'CLOCK_SKEW',
];

/** True for what passes or is mended and is not the fault of whoever gave a command. */
export function isOutage(code: ErrorCode): boolean {
  return errorCatalogue[code].delivery === 'paused' || outages.includes(code);
}
