/**
 * Reads a permission question from parsed JSON. The same verdicts as the schema `evaluationRequest`
 * of the contracts, without its cost: this runs for every question that is asked.
 */
import { agentTokens } from '@writ/contracts';

export type Members = Readonly<Record<string, unknown>>;

export type Question = {
  readonly agentId: string;
  /** `agent`, or the type that the agent must have registered with. */
  readonly subjectType: string;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
  readonly context: Members | undefined;
  /** The properties of subject, action and resource. */
  readonly properties: {
    readonly subject: Members | undefined;
    readonly action: Members | undefined;
    readonly resource: Members | undefined;
  };
  readonly options: QuestionOptions;
};

export type QuestionOptions = {
  readonly atLeast: string | undefined;
  readonly record: 'buffered' | 'required' | undefined;
  /** How long to wait for a person, in milliseconds. */
  readonly waitForApprovalMs: number;
};

const ACTION = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/;
const TYPE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const RESOURCE_ID = /^[^\p{Cc}\p{Cs}]*$/u;
const PLAIN_ID = /^[\x20-\x7e]*$/;
const NO_OPTIONS: QuestionOptions = {
  atLeast: undefined,
  record: undefined,
  waitForApprovalMs: 0,
};

/** The question, or `undefined` for anything that the schema refuses. */
export function readQuestion(body: unknown): Question | undefined {
  if (!isRecord(body)) return undefined;
  const { subject, action, resource, context } = body;
  const options = readOptions(body['options']);
  if (
    !options ||
    !isSubject(subject) ||
    !isAction(action) ||
    !isResource(resource) ||
    !isOptionalRecord(context)
  )
    return undefined;
  return {
    agentId: subject.id,
    subjectType: subject.type,
    action: action.name,
    resource: { type: resource.type, id: resource.id },
    context,
    properties: {
      subject: subject.properties,
      action: action.properties,
      resource: resource.properties,
    },
    options,
  };
}

export function readOptions(value: unknown): QuestionOptions | undefined {
  if (value === undefined) return NO_OPTIONS;
  if (!isRecord(value)) return undefined;
  const { atLeast, waitForApprovalMs = 0, record } = value;
  if (atLeast !== undefined && (typeof atLeast !== 'string' || atLeast.length > 256))
    return undefined;
  if (!isWait(waitForApprovalMs)) return undefined;
  if (record !== undefined && record !== 'buffered' && record !== 'required') return undefined;
  return { atLeast, record, waitForApprovalMs };
}

function isWait(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= 60_000;
}

export function isSubject(value: unknown): value is {
  readonly type: string;
  readonly id: string;
  readonly properties: Members | undefined;
} {
  return (
    isRecord(value) &&
    typeof value['type'] === 'string' &&
    TYPE.test(value['type']) &&
    typeof value['id'] === 'string' &&
    agentTokens(value['id']) !== undefined &&
    isOptionalRecord(value['properties'])
  );
}

export function isAction(
  value: unknown,
): value is { readonly name: string; readonly properties: Members | undefined } {
  return (
    isRecord(value) &&
    typeof value['name'] === 'string' &&
    ACTION.test(value['name']) &&
    isOptionalRecord(value['properties'])
  );
}

export function isResource(value: unknown): value is {
  readonly type: string;
  readonly id: string;
  readonly properties: Members | undefined;
} {
  return (
    isRecord(value) &&
    typeof value['type'] === 'string' &&
    TYPE.test(value['type']) &&
    isResourceId(value['id']) &&
    isOptionalRecord(value['properties'])
  );
}

function isResourceId(id: unknown): id is string {
  if (typeof id !== 'string' || id.length === 0 || id.length > 512) return false;
  return PLAIN_ID.test(id) || RESOURCE_ID.test(id);
}

export function isOptionalRecord(value: unknown): value is Members | undefined {
  return value === undefined || isRecord(value);
}

export function isRecord(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
