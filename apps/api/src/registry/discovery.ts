import type { KeyRecord } from '@writ/bus';
import { WritError } from '@writ/contracts';

export async function discoverAgents(
  _caller: KeyRecord,
  _body: unknown,
): Promise<{ body: unknown; token: string }> {
  throw new WritError('SERVICE_UNAVAILABLE', 'not there yet');
}
