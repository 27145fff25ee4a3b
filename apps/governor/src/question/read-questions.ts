/** Reads a batch of questions (AuthZEN `evaluations`): the same verdicts as the schema `evaluationsRequest`. */
import {
  isAction,
  isOptionalRecord,
  isRecord,
  isResource,
  isSubject,
  type Members,
  type QuestionOptions,
  readOptions,
} from './read-question.ts';

export type Semantic = 'execute_all' | 'deny_on_first_deny' | 'permit_on_first_permit';
export type Questions =
  /** No list, or an empty one: a single question. */
  | { readonly kind: 'single' }
  /** Each item with the defaults filled in, not yet read as a question. */
  | {
      readonly kind: 'batch';
      readonly semantic: Semantic;
      readonly options: QuestionOptions;
      readonly items: readonly Members[];
    };

const MAX_ITEMS = 100;

export function readQuestions(body: unknown): Questions | undefined {
  if (!isRecord(body) || !hasValidDefaults(body)) return undefined;
  const { evaluations, subject, action, resource, context, options } = body;
  const known = readOptions(options);
  if (
    known === undefined ||
    !isSemantic(isRecord(options) ? options['evaluations_semantic'] : undefined)
  )
    return undefined;
  if (evaluations === undefined) return { kind: 'single' };
  if (!Array.isArray(evaluations) || evaluations.length > MAX_ITEMS || !evaluations.every(isRecord))
    return undefined;
  if (evaluations.length === 0) return { kind: 'single' };
  const semantic = (isRecord(options) ? options['evaluations_semantic'] : undefined) as
    | Semantic
    | undefined;
  const defaults = { subject, action, resource, context };
  const ofItem = optionsOfItem(options);
  return {
    kind: 'batch',
    semantic: semantic ?? 'execute_all',
    options: known,
    items: evaluations.map((item) => ({ ...defaults, ...item, options: ofItem })),
  };
}

/** Nobody waits for a person in a batch: what is allowed meanwhile would be given long after it was decided. */
function optionsOfItem(options: unknown): Members | undefined {
  return isRecord(options) ? { ...options, waitForApprovalMs: 0 } : undefined;
}

function hasValidDefaults({ subject, action, resource, context }: Members): boolean {
  return (
    (subject === undefined || isSubject(subject)) &&
    (action === undefined || isAction(action)) &&
    (resource === undefined || isResource(resource)) &&
    isOptionalRecord(context)
  );
}

function isSemantic(value: unknown): boolean {
  return (
    value === undefined ||
    value === 'execute_all' ||
    value === 'deny_on_first_deny' ||
    value === 'permit_on_first_permit'
  );
}
