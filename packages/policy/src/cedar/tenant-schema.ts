/**
 * What a tenant declares beside the types that every tenant has: actions, each with the context that
 * may be sent with it. Only what can be sent as JSON can be declared, so no entities and no extensions.
 */
import type { NamespaceDefinition, Type, TypeOfAttribute } from '@cedar-policy/cedar-wasm/nodejs';
import { actionName } from '@writ/contracts';
import { meantBy } from './meant.ts';
import { type Place, placeOf, placeOfIndex } from './source.ts';
import type { Cedar } from './wasm.ts';

export type DeclaredType =
  | { readonly kind: 'String' | 'Long' | 'Boolean' }
  | { readonly kind: 'Set'; readonly element: DeclaredType }
  | DeclaredRecord;
export type DeclaredRecord = {
  readonly kind: 'Record';
  readonly attributes: ReadonlyMap<string, DeclaredAttribute>;
};
export type DeclaredAttribute = { readonly type: DeclaredType; readonly required: boolean };

/** The context of each declared action. */
export type TenantSchema = { readonly actions: ReadonlyMap<string, DeclaredRecord> };

/** What is wrong with a schema's text, and where: lines and characters from 1. */
export type SchemaProblem = Place & { readonly message: string };

export type ReadSchema =
  | { readonly ok: true; readonly schema: TenantSchema }
  | { readonly ok: false; readonly problems: readonly SchemaProblem[] };

export const NOTHING_DECLARED: DeclaredRecord = { kind: 'Record', attributes: new Map() };

/** Stands behind the tenant's text, so that places in it stay what they are. */
const BASE = '\nentity Agent; entity Resource;';
const PRIMITIVES: Readonly<Record<string, 'String' | 'Long' | 'Boolean'>> = {
  String: 'String',
  Long: 'Long',
  Bool: 'Boolean',
  Boolean: 'Boolean',
};
/** Records and sets inside one another. */
const MAX_LEVELS = 8;
/** Types of all actions together: a type that is named often is written out each time. */
const MAX_TYPES = 10_000;

export function readTenantSchema(cedar: Cedar, text: string): ReadSchema {
  if (!text.isWellFormed())
    return refused(text, 0, 'has half a surrogate pair; send well-formed Unicode');
  const answer = cedar.schemaToJson(`${text}${BASE}`);
  if (answer.type === 'failure')
    return { ok: false, problems: [parseProblem(text, answer.errors)] };
  const reader = new SchemaReader(text, answer.json);
  const schema = reader.read();
  return reader.problems.length === 0
    ? { ok: true, schema }
    : { ok: false, problems: reader.problems };
}

type Fragment = NamespaceDefinition<string>;
type Named = { readonly message: string; readonly name: string };

class SchemaReader {
  readonly problems: SchemaProblem[] = [];
  readonly #text: string;
  readonly #fragments: Readonly<Record<string, Fragment>>;
  #types = 0;

  constructor(text: string, fragments: Readonly<Record<string, Fragment>>) {
    this.#text = text;
    this.#fragments = fragments;
  }

  read(): TenantSchema {
    const { '': own, ...others } = this.#fragments;
    for (const name of Object.keys(others))
      this.#refuse({ name, message: `namespace \`${name}\` can not be declared; leave it out` });
    for (const name of Object.keys(own?.entityTypes ?? {}))
      if (name !== 'Agent' && name !== 'Resource')
        this.#refuse({
          name,
          message: `entity \`${name}\` can not be declared; there are \`Agent\` and \`Resource\``,
        });
    const actions = Object.entries(own?.actions ?? {});
    return { actions: new Map(actions.map(([name, type]) => [name, this.#action(name, type)])) };
  }

  #action(name: string, { appliesTo, memberOf = [] }: Fragment['actions'][string]): DeclaredRecord {
    if (!actionName.safeParse(name).success)
      this.#refuse({ name, message: `\`${name}\` can not be the name of an action` });
    if (memberOf.length > 0)
      this.#refuse({
        name,
        message: `action \`${name}\` can not be in a group; name actions singly`,
      });
    const { principalTypes = [], resourceTypes = [], context } = appliesTo ?? {};
    if (principalTypes.join() !== 'Agent' || resourceTypes.join() !== 'Resource')
      this.#refuse({
        name,
        message: `action \`${name}\` must be \`appliesTo { principal: [Agent], resource: [Resource] }\``,
      });
    if (context === undefined) return NOTHING_DECLARED;
    const type = this.#type(context as Type<string>, { path: 'context', level: 0 });
    return type.kind === 'Record' ? type : NOTHING_DECLARED;
  }

  #type(type: Type<string>, at: { readonly path: string; readonly level: number }): DeclaredType {
    const below = (name: string) => ({ path: `${at.path}.${name}`, level: at.level + 1 });
    if (++this.#types > MAX_TYPES) throw new RangeError(`more than ${MAX_TYPES} types`);
    if (at.level > MAX_LEVELS) return this.#unsendable(at.path, `nests deeper than ${MAX_LEVELS}`);
    if (type.type === 'Set' && 'element' in type)
      return { kind: 'Set', element: this.#type(type.element, { ...at, level: at.level + 1 }) };
    if (type.type === 'Record' && 'attributes' in type) {
      const attributes = Object.entries(type.attributes as Attributes).map(
        ([name, attribute]): [string, DeclaredAttribute] => {
          if (name.startsWith('__')) this.#unsendable(below(name).path, 'begins with `__`');
          const declared = this.#type(attribute as Type<string>, below(name));
          return [name, { type: declared, required: attribute.required !== false }];
        },
      );
      return { kind: 'Record', attributes: new Map(attributes) };
    }
    const name = 'name' in type ? type.name : type.type;
    const common = this.#fragments['']?.commonTypes?.[name];
    if (common) return this.#type(common as Type<string>, { ...at, level: at.level + 1 });
    const kind = PRIMITIVES[name];
    return kind ? { kind } : this.#unsendable(at.path, `is of type \`${name}\``);
  }

  #unsendable(path: string, why: string): DeclaredType {
    const name = path.slice(path.lastIndexOf('.') + 1);
    const kinds = '`String`, `Long`, `Bool`, sets and records of them';
    this.#refuse({
      name,
      message: `\`${path}\` ${why}, which can not be sent; there are ${kinds}`,
    });
    return { kind: 'String' };
  }

  #refuse({ name, message }: Named): void {
    this.problems.push({ message, ...placeOfIndex(this.#text, indexOfWord(this.#text, name)) });
  }
}

type Attributes = Readonly<Record<string, TypeOfAttribute<string>>>;
type CedarErrors = Extract<ReturnType<Cedar['schemaToJson']>, { type: 'failure' }>['errors'];

const UNRESOLVED = /^failed to resolve types?: (\w+)/;

function parseProblem(text: string, errors: CedarErrors): SchemaProblem {
  const [error] = errors;
  const said = (error?.message ?? 'can not be read').replace(
    /^failed to parse schema from string: (?:error parsing schema: )?/,
    '',
  );
  const unresolved = UNRESOLVED.exec(said)?.[1];
  if (unresolved !== undefined) {
    const declared = [...text.matchAll(/\btype\s+(\w+)/g)].map(([, name = '']) => name);
    const meant = meantBy(unresolved, ['String', 'Long', 'Bool', 'Set', ...declared]);
    const hint = meant === undefined ? 'declare it, or use another' : `did you mean \`${meant}\`?`;
    const place = placeOfIndex(text, indexOfWord(text, unresolved));
    return { message: `there is no type \`${unresolved}\`; ${hint}`, ...place };
  }
  if (/`(?:Agent|Resource)` is declared twice/.test(said))
    return {
      message: '`Agent` and `Resource` are there already; leave them out',
      ...placeOfIndex(text, text.search(/\bentity\b/)),
    };
  const [location] = error?.sourceLocations ?? [];
  const expected = location?.label ? `, ${location.label}` : '';
  const help = error?.help ? `; ${error.help}` : '';
  return { message: `${said}${expected}${help}`, ...placeOf(text, location?.start ?? 0) };
}

function indexOfWord(text: string, word: string): number {
  const escaped = word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.search(new RegExp(`(?<!\\w)${escaped}(?!\\w)`));
}

function refused(text: string, index: number, message: string): ReadSchema {
  return { ok: false, problems: [{ message, ...placeOfIndex(text, index) }] };
}
