/** Answers `ask.<key>.agents`: the list of agents as HTTP has it. Any key of the tenant may look for others to work with. */
import type { KeyRecord } from '@writ/bus';
import { agentsQuery } from '@writ/contracts';
import { listAgents } from '@writ/readmodels';
import { z } from 'zod';
import type { ApiDependencies } from '../dependencies.ts';
import { parseBodyQuery } from '../http/parameters.ts';
import { atLeast } from '../http/query-fields.ts';

const question = z.strictObject({ ...agentsQuery.shape, atLeast });

export async function discoverAgents(
  caller: KeyRecord,
  body: unknown,
  { readSide }: Pick<ApiDependencies, 'readSide'>,
): Promise<{ body: unknown; token: string | undefined }> {
  const { atLeast: token, ...query } = parseBodyQuery(question, body);
  const found = await readSide.read({
    models: ['agents', 'trust'],
    tenant: caller.tenant,
    atLeast: token,
    query: (store, scope) => listAgents(store, scope, query),
  });
  return { body: found.value, token: found.token };
}
