/** Why a recorded decision came out as it did: decided again, from its record, with one thing changed at a time. */
import { explanationView, type ExplanationView, uuid, WritError } from '@writ/contracts';
import { type CedarEngine, explainDecision, openCedar } from '@writ/policy';
import { getDecision, getPolicyVersion, type Scope, type Store } from '@writ/readmodels';
import { z } from 'zod';
import { lookupRoute } from '../reads/list-route.ts';

// An instance of its own, and only where somebody asks: it is a few megabytes.
let engine: CedarEngine | undefined;

async function explanationOf(
  store: Store,
  scope: Scope,
  decisionId: string,
): Promise<ExplanationView | undefined> {
  const decision = await getDecision(store, scope, decisionId);
  if (!decision) return undefined;
  const { version } = decision.inputs.policies;
  const set = version === null ? undefined : await getPolicyVersion(store, scope, version);
  if (version !== null && !set)
    throw new WritError(
      'STALE_STATE',
      `version \`${version}\` of the policies is not in the read models yet; try again`,
    );
  engine ??= openCedar();
  const { inputs } = decision;
  return { decisionId, ...explainDecision(engine, { inputs, policies: set?.policies ?? {} }) };
}

export const explanationRoute = lookupRoute({
  path: '/v1/decisions/{decisionId}/explanation',
  operation: 'explainDecision',
  tag: 'decisions',
  summary: 'what a decision rested on, and what would have flipped it',
  models: [],
  params: z.strictObject({ decisionId: uuid }),
  item: explanationView,
  get: (store, scope, { decisionId }) => explanationOf(store, scope, decisionId),
  missing: ({ decisionId }) =>
    new WritError(
      'NOT_FOUND',
      `no decision \`${decisionId}\` is recorded; a new one is a moment later than its answer`,
    ),
  errors: ['NOT_FOUND'],
});
