/** Policies as terms of the fuzz test's own, and their Cedar text. Nothing of the engine is used here. */

export type Variable = 'principal' | 'resource' | 'context';
export type Comparison = '<' | '<=' | '>' | '>=';
export type Term =
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  | { readonly kind: 'set'; readonly items: readonly Term[] }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [string, Term])[] }
  | { readonly kind: 'variable'; readonly name: Variable }
  | { readonly kind: 'entity'; readonly type: 'Agent' | 'Resource'; readonly id: string }
  | { readonly kind: 'attribute' | 'has'; readonly of: Term; readonly name: string }
  | { readonly kind: '&&' | '||' | '==' | '!='; readonly left: Term; readonly right: Term }
  | { readonly kind: Comparison; readonly left: Term; readonly right: Term }
  | { readonly kind: '+' | '-' | '*'; readonly left: Term; readonly right: Term }
  | {
      readonly kind: 'contains' | 'containsAll' | 'containsAny';
      readonly left: Term;
      readonly right: Term;
    }
  | { readonly kind: 'not' | 'isEmpty'; readonly term: Term }
  | { readonly kind: 'like'; readonly term: Term; readonly pattern: string }
  | { readonly kind: 'if'; readonly when: Term; readonly then: Term; readonly otherwise: Term };

export type Policy = {
  readonly logOnly: boolean;
  readonly approvable: boolean;
  /** An id, or whoever asks. */
  readonly principal: string | undefined;
  readonly actions: readonly string[] | undefined;
  readonly resource: string | undefined;
  readonly clauses: readonly { readonly kind: 'when' | 'unless'; readonly term: Term }[];
};

export function textOf(policy: Policy): string {
  const { principal, actions, resource, clauses } = policy;
  const listed = actions?.map((action) => `Action::${quoted(action)}`).join(', ');
  const scope = [
    principal === undefined ? 'principal' : `principal == Agent::${quoted(principal)}`,
    listed === undefined ? 'action' : `action in [${listed}]`,
    resource === undefined ? 'resource' : `resource == Resource::${quoted(resource)}`,
  ];
  return [
    ...(policy.logOnly ? ['@mode("log_only")'] : []),
    ...(policy.approvable ? ['@outcome("require_approval")'] : []),
    `forbid (${scope.join(', ')})`,
    ...clauses.map(({ kind, term }) => `${kind} { ${written(term)} }`),
  ]
    .join('\n')
    .concat(';');
}

function written(term: Term): string {
  switch (term.kind) {
    case 'literal':
      return typeof term.value === 'string' ? quoted(term.value) : String(term.value);
    case 'set':
      return `[${term.items.map(written).join(', ')}]`;
    case 'record':
      return `{${term.fields.map(([name, value]) => `${quoted(name)}: ${written(value)}`).join(', ')}}`;
    case 'variable':
      return term.name;
    case 'entity':
      return `${term.type}::${quoted(term.id)}`;
    case 'attribute':
      return `(${written(term.of)})[${quoted(term.name)}]`;
    case 'has':
      return `((${written(term.of)}) has ${quoted(term.name)})`;
    case 'contains':
    case 'containsAll':
    case 'containsAny':
      return `(${written(term.left)}).${term.kind}(${written(term.right)})`;
    case 'not':
      return `!(${written(term.term)})`;
    case 'isEmpty':
      return `(${written(term.term)}).isEmpty()`;
    case 'like':
      return `(${written(term.term)} like ${quoted(term.pattern)})`;
    case 'if':
      return `(if ${written(term.when)} then ${written(term.then)} else ${written(term.otherwise)})`;
    default:
      return `(${written(term.left)} ${term.kind} ${written(term.right)})`;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
