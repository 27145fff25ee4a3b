/** What a policy's annotations ask for, beside its text: to decide nothing yet, or to be recorded first. */
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { meantBy } from './meant.ts';

export type Handling = {
  /** It decides nothing; what it would have denied is told. */
  readonly logOnly: boolean;
  /** Decisions that it covers are recorded before they are answered. */
  readonly recordRequired: boolean;
};

export type BadAnnotation = { readonly annotation: string; readonly message: string };

/** The one value that each annotation of ours has. */
const VALUES = { mode: 'log_only', record: 'required', outcome: 'require_approval' } as const;
type Name = keyof typeof VALUES;

export function handlingOf({ annotations = {} }: PolicyJson): Handling {
  return {
    logOnly: annotations['mode'] === VALUES.mode,
    recordRequired: annotations['record'] === VALUES.record,
  };
}

/** The first annotation that looks like one of ours and is not. All others are the author's own. */
export function badAnnotation({ annotations = {} }: PolicyJson): BadAnnotation | undefined {
  for (const [annotation, value] of Object.entries(annotations)) {
    const message = isOurs(annotation)
      ? wrongValue(annotation, value ?? '')
      : misspelt(annotation, value ?? '');
    if (message !== undefined) return { annotation, message };
  }
  return undefined;
}

function isOurs(annotation: string): annotation is Name {
  return Object.hasOwn(VALUES, annotation);
}

function wrongValue(name: Name, value: string): string | undefined {
  const right = VALUES[name];
  return value === right
    ? undefined
    : `\`@${name}\` can not be \`${value}\`; write \`@${name}("${right}")\`, or leave it out`;
}

/** A name near one of ours with a value near the one that it has, or that value as a name. */
function misspelt(annotation: string, value: string): string | undefined {
  const meant = (Object.keys(VALUES) as Name[]).find((name) =>
    value === ''
      ? isNear(annotation, VALUES[name])
      : isNear(annotation, name) && isNear(value, VALUES[name]),
  );
  return meant === undefined
    ? undefined
    : `\`@${annotation}\` is not an annotation of Writ; did you mean \`@${meant}("${VALUES[meant]}")\`?`;
}

function isNear(said: string, ours: string): boolean {
  return meantBy(said, [ours]) !== undefined;
}
