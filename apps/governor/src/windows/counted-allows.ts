import { countedBatch } from '@writ/contracts';
import { windowsOf, type WindowOf } from '@writ/domain';

/** An allow that counts in windows of grants, as it is recorded. */
export type CountedAllow = {
  readonly governor: string;
  readonly boot: string;
  readonly tenant: string;
  readonly nowMs: number;
  readonly windows: readonly WindowOf[];
};

/** Nearly every batch has no such allow, and is not worth parsing. */
const MARK = '"kind":"window"';

/** The allows in a message of the decision log that count in windows. */
export function countedAllowsIn(data: Uint8Array): CountedAllow[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (!bytes.includes(MARK)) return [];
  return countedBatch.parse(JSON.parse(bytes.toString('utf8'))).flatMap((one): CountedAllow[] => {
    const { governor, boot, outcome, restsOn, inputs } = one;
    if (outcome !== 'allow' || restsOn === undefined || !inputs?.limits) return [];
    const { tenant, nowMs, limits } = inputs;
    const windows = windowsOf(limits, restsOn);
    return windows.length === 0 ? [] : [{ governor, boot, tenant, nowMs, windows }];
  });
}
