/** The schema a policy is validated against: what every tenant has, and what this policy reads of the context. */
import type {
  Expr,
  PolicyJson,
  SchemaJson,
  Type,
  TypeOfAttribute,
} from '@cedar-policy/cedar-wasm/nodejs';
import { childrenOf, nodeOf } from './expression.ts';
import { type Guess, inferTypes, resolve } from './infer.ts';
import type { DeclaredType, TenantSchema } from './tenant-schema.ts';

const text = { type: 'String' } as const;

/** Attributes of `Agent`; `labels` is added from use. Those that not every agent has are optional. */
const AGENT = {
  trust: { type: 'Long' },
  type: text,
  version: text,
  name: text,
  owner: { ...text, required: false },
  container: { ...text, required: false },
  capabilities: { type: 'Set', element: text },
} as const satisfies Record<string, TypeOfAttribute<string>>;
const RESOURCE = { type: text, id: text } as const satisfies Record<
  string,
  TypeOfAttribute<string>
>;

export const agentAttributes: ReadonlySet<string> = new Set([...Object.keys(AGENT), 'labels']);
export const resourceAttributes: ReadonlySet<string> = new Set(Object.keys(RESOURCE));

/** Stands for every action that the policy does not name. */
const ANY_ACTION = 'any other action';
/** A tower of records that goes on for ever by unification ends here. */
const MAX_LEVELS = 16;
/** A record that holds itself several times doubles and doubles; a policy of that kind can not be checked. */
const MAX_TYPES = 10_000;

/** With a tenant's schema the context is what that declares for each action, else it is guessed from use. */
export function schemaFor(policy: PolicyJson, tenant?: TenantSchema): SchemaJson<string> {
  const { context, labels } = inferTypes(policy);
  const guessed = tenant ? NO_CONTEXT : new TypeWriter().write(context);
  const contexts: readonly (readonly [string, Type<string>])[] = tenant
    ? [
        [ANY_ACTION, NO_CONTEXT],
        ...[...tenant.actions].map(([name, type]) => [name, declaredJson(type)] as const),
      ]
    : [ANY_ACTION, ...actionsIn(policy)].map((name) => [name, guessed] as const);
  const actions = contexts.map(([name, shape]) => [
    name,
    { appliesTo: { principalTypes: ['Agent'], resourceTypes: ['Resource'], context: shape } },
  ]);
  return {
    '': {
      entityTypes: {
        Agent: { shape: { type: 'Record', attributes: { ...AGENT, labels: labelsJson(labels) } } },
        Resource: { shape: { type: 'Record', attributes: { ...RESOURCE } } },
      },
      actions: Object.fromEntries(actions),
    },
  };
}

/** No label is on every agent, so each must be asked for with `has` before it is read. */
function labelsJson(labels: Guess): Type<string> {
  const names = [...(resolve(labels).fields?.keys() ?? [])];
  return {
    type: 'Record',
    attributes: Object.fromEntries(names.map((name) => [name, { ...text, required: false }])),
  };
}

const NO_CONTEXT: Type<string> = { type: 'Record', attributes: {} };

function declaredJson(type: DeclaredType): Type<string> {
  switch (type.kind) {
    case 'Set':
      return { type: 'Set', element: declaredJson(type.element) };
    case 'Record': {
      const attributes = [...type.attributes].map(([name, attribute]) => [
        name,
        { ...declaredJson(attribute.type), required: attribute.required },
      ]);
      return { type: 'Record', attributes: Object.fromEntries(attributes) };
    }
    default:
      return { type: type.kind };
  }
}

/** Writes out what was guessed, as a tree: throws `RangeError` where that has no end in sight. */
class TypeWriter {
  #types = 0;

  write(guess: Guess, level = 0): Type<string> {
    const { kind, name = '', element, fields } = resolve(guess);
    if (++this.#types > MAX_TYPES) throw new RangeError(`more than ${MAX_TYPES} types`);
    if (level > MAX_LEVELS) return text;
    switch (kind) {
      case 'Long':
      case 'Boolean':
        return { type: kind };
      case 'Set':
        return { type: 'Set', element: element ? this.write(element, level + 1) : text };
      case 'Record': {
        const attributes = [...(fields ?? [])].map(([key, { type, optional }]) => [
          key,
          { ...this.write(type, level + 1), required: !optional },
        ]);
        return { type: 'Record', attributes: Object.fromEntries(attributes) };
      }
      case 'Entity':
        return { type: 'Entity', name: ENTITY_OF[name] ?? name };
      case 'Extension':
        return { type: 'Extension', name };
      case 'String':
      case 'unknown':
        return text;
    }
  }
}

const ENTITY_OF: Readonly<Record<string, string>> = {
  principal: 'Agent',
  resource: 'Resource',
  action: 'Action',
};

/** Every action that a policy names, in its scope or its conditions. */
function actionsIn({ action, conditions }: PolicyJson): Set<string> {
  const named = new Set<string>();
  const add = (uid: unknown): void => {
    const { type, id } =
      (uid as { __entity?: { type: string; id: string } }).__entity ??
      (uid as { type: string; id: string });
    if (type === 'Action') named.add(id);
  };
  if ('entity' in action) add(action.entity);
  if ('entities' in action) action.entities.forEach(add);
  const walk = (expr: Expr): void => {
    const { op, body } = nodeOf(expr);
    if (op === 'Value' && typeof body === 'object' && body !== null && '__entity' in body)
      add(body);
    childrenOf(expr).forEach(walk);
  };
  conditions.forEach(({ body }) => walk(body));
  return named;
}
