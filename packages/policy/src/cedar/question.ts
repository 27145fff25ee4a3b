/** The question as the policies see it: the entities with their attributes, and the context. */
import type {
  CedarValueJson,
  Context,
  EntityJson,
  StatefulAuthorizationCall,
} from '@cedar-policy/cedar-wasm/nodejs';
import { agentTokens, type DecisionInputs, NO_CONTAINER } from '@writ/contracts';
import type { Reads } from './reads.ts';
import type { Facts } from './rules-out.ts';

export type Agent = NonNullable<DecisionInputs['agent']>;

type Attributes = Record<string, CedarValueJson>;

/** Everything that policies can see of a question. */
export type Seen = Facts & { readonly principal: Attributes; readonly resource: Attributes };

export function seenOf({ request, trust }: DecisionInputs, agent: Agent): Seen {
  const { type, version, owner, capabilities, labels } = agent;
  const principal: Attributes = { type, version, capabilities, labels };
  if (trust) principal['trust'] = trust.score;
  if (owner !== null) principal['owner'] = owner;
  const tokens = agentTokens(request.agentId);
  if (tokens) principal['name'] = tokens.name;
  if (tokens && tokens.container !== NO_CONTAINER) principal['container'] = tokens.container;
  return {
    principal,
    resource: { type: request.resource.type, id: request.resource.id },
    context: request.context,
  };
}

/** The call that asks a parsed set; an entity of which nothing is read need not be there. */
export function callOf(
  { request }: DecisionInputs,
  seen: Seen,
  asked: { readonly reads: Reads; readonly setId: string },
): StatefulAuthorizationCall {
  const { reads, setId } = asked;
  const principal = { type: 'Agent', id: request.agentId };
  const resource = { type: 'Resource', id: `${request.resource.type}:${request.resource.id}` };
  const entities: EntityJson[] = [];
  if (readsAny(reads.principal))
    entities.push({ uid: principal, attrs: shown(seen.principal, reads.principal), parents: [] });
  if (readsAny(reads.resource))
    entities.push({ uid: resource, attrs: shown(seen.resource, reads.resource), parents: [] });
  // The values of the context are checked before they get here; Cedar only reads them.
  const context = request.context as Context;
  return {
    principal,
    action: { type: 'Action', id: request.action },
    resource,
    context,
    entities,
    preparsedPolicySetId: setId,
  };
}

function readsAny(names: ReadonlySet<string> | 'whole'): boolean {
  return names === 'whole' || names.size > 0;
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
