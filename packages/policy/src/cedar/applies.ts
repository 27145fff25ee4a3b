/**
 * To which questions a policy can apply, by its scope and by what its first `when` asks of the
 * resource's type. Only what comes before anything that may fail counts: leaving a policy out must
 * never leave out an error.
 */
import type {
  ActionConstraint,
  EntityUidJson,
  Expr,
  PolicyJson,
  PrincipalConstraint,
  ResourceConstraint,
} from '@cedar-policy/cedar-wasm/nodejs';
import { nodeOf, part, pathOf } from './expression.ts';

/** `any`, or the ids that it can apply to; an empty list is never. */
export type Ids = 'any' | readonly string[];
export type Applies = {
  readonly principals: Ids;
  readonly actions: Ids;
  /** Names of resources, `<type>:<id>`. */
  readonly resources: Ids;
  readonly resourceTypes: Ids;
};

export function appliesTo({ principal, action, resource, conditions }: PolicyJson): Applies {
  const [first] = conditions;
  return {
    principals: scopeIds(principal, 'Agent'),
    actions: actionIds(action),
    resources: scopeIds(resource, 'Resource'),
    resourceTypes: first?.kind === 'when' ? typesAsked(first.body) : 'any',
  };
}

/** Entities have no parents here, so `in` is the same as `==`. */
function scopeIds(constraint: PrincipalConstraint | ResourceConstraint, entityType: string): Ids {
  switch (constraint.op) {
    case 'All':
      return 'any';
    case '==':
    case 'in':
      return 'entity' in constraint ? idsOf([constraint.entity], entityType) : 'any';
    case 'is':
      if (constraint.entity_type !== entityType) return [];
      return constraint.in && 'entity' in constraint.in
        ? idsOf([constraint.in.entity], entityType)
        : 'any';
  }
}

function actionIds(constraint: ActionConstraint): Ids {
  switch (constraint.op) {
    case 'All':
      return 'any';
    case '==':
      return 'entity' in constraint ? idsOf([constraint.entity], 'Action') : 'any';
    case 'in':
      return idsOf('entities' in constraint ? constraint.entities : [constraint.entity], 'Action');
  }
}

function idsOf(uids: readonly EntityUidJson[], entityType: string): readonly string[] {
  return uids
    .map((uid) => ('__entity' in uid ? uid.__entity : uid))
    .filter(({ type }) => type === entityType)
    .map(({ id }) => id);
}

/** The types named by a leading `resource.type == "…"` or `["…"].contains(resource.type)`. */
function typesAsked(body: Expr): Ids {
  let leading = body;
  while (nodeOf(leading).op === '&&') leading = part(nodeOf(leading), 'left');
  const node = nodeOf(leading);
  if (node.op === '==') {
    const [left, right] = [part(node, 'left'), part(node, 'right')];
    const asked = isResourceType(left) ? right : isResourceType(right) ? left : undefined;
    const type = asked && textOf(asked);
    return type === undefined ? 'any' : [type];
  }
  if (node.op === 'contains' && isResourceType(part(node, 'right'))) {
    const set = nodeOf(part(node, 'left'));
    const types = set.op === 'Set' ? (set.body as Expr[]).map(textOf) : [undefined];
    return types.every((type) => type !== undefined) ? types : 'any';
  }
  return 'any';
}

function isResourceType(expr: Expr): boolean {
  const path = pathOf(expr);
  return (
    path?.variable === 'resource' && path.attributes.length === 1 && path.attributes[0] === 'type'
  );
}

function textOf(expr: Expr): string | undefined {
  const { op, body } = nodeOf(expr);
  return op === 'Value' && typeof body === 'string' ? body : undefined;
}
