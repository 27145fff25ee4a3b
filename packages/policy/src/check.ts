/** Checking policies before they are published: each problem names its policy, line and column. */
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { appliesTo } from './cedar/applies.ts';
import { askedBy, childrenOf, nodeOf, part, pathOf, type Variable } from './cedar/expression.ts';
import { meantBy } from './cedar/meant.ts';
import { parsePolicy, type PolicyProblem, type PolicyText, problemOf } from './cedar/parse.ts';
import { agentAttributes, resourceAttributes, schemaFor } from './cedar/schema.ts';
import { placeOfIndex } from './cedar/source.ts';
import {
  type ReadSchema,
  readTenantSchema,
  type SchemaProblem,
  type TenantSchema,
} from './cedar/tenant-schema.ts';
import { type Cedar, isTrap, loadCedar } from './cedar/wasm.ts';

// An instance of its own: whatever a text does to it, the policies that decide are in another.
let checker: Cedar | undefined;

/**
 * The problems of policies, by id of the policy and place; none when all may be published. Each
 * text must be one static `forbid`. `principal`, `action` and `resource` are checked against their
 * types. With the text of a tenant's schema, actions and attributes of the context are held to it;
 * without one they are free, but each attribute must be used as one type.
 */
export function checkPolicies(
  texts: Readonly<Record<string, string>>,
  schema: string | null = null,
): PolicyProblem[] {
  return Object.entries(texts)
    .flatMap(([policyId, text]) => checkPolicy({ policyId, text }, schema))
    .sort((a, b) =>
      a.policyId === b.policyId
        ? a.line - b.line || a.column - b.column
        : a.policyId < b.policyId
          ? -1
          : 1,
    );
}

/** The problems of a tenant's schema; none when it may be published. */
export function checkSchema(text: string): readonly SchemaProblem[] {
  try {
    const read = schemaOf(text);
    return read.ok ? [] : read.problems;
  } catch (thrown) {
    if (isTrap(thrown)) checker = undefined;
    return [{ message: 'is too complex to be checked', line: 1, column: 1 }];
  }
}

let lastSchema: { readonly text: string; readonly read: ReadSchema } | undefined;

/** One schema is asked for with each policy of a set. */
function schemaOf(text: string): ReadSchema {
  if (lastSchema?.text !== text)
    lastSchema = { text, read: readTenantSchema((checker ??= loadCedar()), text) };
  return lastSchema.read;
}

function checkPolicy(source: PolicyText, schema: string | null): PolicyProblem[] {
  checker ??= loadCedar();
  try {
    const parsed = parsePolicy(checker, source);
    if (!parsed.ok) return [parsed.problem];
    const read = schema === null ? undefined : schemaOf(schema);
    if (read?.ok === false) return [{ policyId: source.policyId, ...unreadable(read) }];
    return [
      ...unknownAsked(source, parsed.policy, read?.schema),
      ...typeProblems(source, parsed.policy, read?.schema),
    ];
  } catch (thrown) {
    if (isTrap(thrown)) checker = undefined;
    return [
      {
        policyId: source.policyId,
        message: 'is too complex to be checked; split it into several policies',
        line: 1,
        column: 1,
      },
    ];
  }
}

function unreadable({
  problems,
}: Extract<ReadSchema, { ok: false }>): Omit<PolicyProblem, 'policyId'> {
  const [first] = problems;
  return {
    message: `can not be checked: the schema ${first?.message ?? 'can not be read'}`,
    line: 1,
    column: 1,
  };
}

function typeProblems(
  source: PolicyText,
  policy: PolicyJson,
  schema: TenantSchema | undefined,
): PolicyProblem[] {
  const { policyId, text } = source;
  const answer = (checker ??= loadCedar()).validate({
    schema: schemaFor(policy, schema),
    policies: { staticPolicies: { [policyId]: text } },
  });
  if (answer.type === 'failure') return [problemOf(source, answer.errors[0])];
  const problems = answer.validationErrors.map(({ error }) => problemOf(source, error));
  return unique(problems.map((problem) => withMeantAction(problem, schema)));
}

const UNKNOWN_ACTION = /^unrecognized action `Action::"([^"]*)"`/;

/** Of names that differ by a slip Cedar suggests any. */
function withMeantAction(problem: PolicyProblem, schema: TenantSchema | undefined): PolicyProblem {
  const [said, name] = UNKNOWN_ACTION.exec(problem.message) ?? [];
  if (said === undefined || name === undefined || schema === undefined) return problem;
  const meant = meantBy(name, schema.actions.keys());
  const hint = meant === undefined ? 'declare it in the schema' : `did you mean \`${meant}\`?`;
  return { ...problem, message: `the schema has no action \`${name}\`; ${hint}` };
}

/** Each action is validated by itself, so that one mistake is told once for each of them. */
function unique(problems: readonly PolicyProblem[]): PolicyProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** Cedar takes `principal has ownr` for a policy that never applies; here it is a mistake. */
function unknownAsked(
  source: PolicyText,
  policy: PolicyJson,
  schema: TenantSchema | undefined,
): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const open = policy.conditions.map(({ body }) => body);
  for (let expr = open.pop(); expr; expr = open.pop()) {
    const node = nodeOf(expr);
    open.push(...childrenOf(expr));
    if (node.op !== 'has') continue;
    const base = pathOf(part(node, 'left'));
    const [attribute = ''] = askedBy(node);
    if (base?.attributes.length !== 0) continue;
    const known = attributesOf(base.variable, policy, schema);
    if (!known || known.has(attribute)) continue;
    const meant = meantBy(attribute, known);
    const hint =
      meant === undefined
        ? `it has ${[...known].map((name) => `\`${name}\``).join(', ') || 'none'}`
        : `did you mean \`${meant}\`?`;
    problems.push({
      policyId: source.policyId,
      message: `attribute \`${attribute}\` on \`${base.variable}\` not found; ${hint}`,
      ...placeOfIndex(source.text, source.text.indexOf(attribute)),
    });
  }
  return problems;
}

/** The names of all attributes that a variable can have; `undefined` where any can be. */
function attributesOf(
  variable: Variable,
  policy: PolicyJson,
  schema: TenantSchema | undefined,
): ReadonlySet<string> | undefined {
  if (variable === 'principal') return agentAttributes;
  if (variable === 'resource') return resourceAttributes;
  if (variable === 'action' || schema === undefined) return undefined;
  const { actions } = appliesTo(policy);
  const names = actions === 'any' ? [...schema.actions.keys()] : actions;
  return new Set(names.flatMap((name) => [...(schema.actions.get(name)?.attributes.keys() ?? [])]));
}
