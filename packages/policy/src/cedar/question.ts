/** The question as Cedar is asked it: entities with the attributes that the policies read. */
import type { CedarValueJson, Context, EntityJson, StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs';
import { agentTokens, type DecisionInputs, NO_CONTAINER } from '@writ/contracts';
import type { Reads } from './reads.ts';

export type Agent = NonNullable<DecisionInputs['agent']>;

type Attributes = Record<string, CedarValueJson>;

export type Asking = { readonly agent: Agent; readonly reads: Reads; readonly setId: string };

export function callOf(inputs: DecisionInputs, { agent, reads, setId }: Asking): StatefulAuthorizationCall {
  const { agentId, action, resource, context } = inputs.request;
  const principalUid = { type: 'Agent', id: agentId };
  const resourceUid = { type: 'Resource', id: `${resource.type}:${resource.id}` };
  const entities: EntityJson[] = [
    { uid: principalUid, attrs: shown(agentAttributes(inputs, agent), reads.principal), parents: [] },
    { uid: resourceUid, attrs: shown({ type: resource.type, id: resource.id }, reads.resource), parents: [] },
  ];
  return {
    principal: principalUid,
    action: { type: 'Action', id: action },
    resource: resourceUid,
    // Values are checked before they get here; Cedar only reads them.
    context: context as Context,
    entities,
    preparsedPolicySetId: setId,
  };
}

function agentAttributes({ request, trust }: DecisionInputs, agent: Agent): Attributes {
  const tokens = agentTokens(request.agentId);
  return {
    type: agent.type,
    version: agent.version,
    capabilities: [...agent.capabilities],
    labels: { ...agent.labels },
    ...(trust ? { trust: trust.score } : {}),
    ...(agent.owner === null ? {} : { owner: agent.owner }),
    ...(tokens ? { name: tokens.name } : {}),
    ...(tokens && tokens.container !== NO_CONTAINER ? { container: tokens.container } : {}),
  };
}

function shown(attributes: Attributes, names: ReadonlySet<string> | 'whole'): Attributes {
  if (names === 'whole') return attributes;
  const out: Attributes = {};
  for (const name of names) {
    const value = attributes[name];
    if (value !== undefined) out[name] = value;
  }
  return out;
}
