/** Checking policies before they are published: each problem names its policy, line and column. */
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { askedBy, childrenOf, nodeOf, part, pathOf } from './cedar/expression.ts';
import { parsePolicy, type PolicyProblem, type PolicyText, problemOf } from './cedar/parse.ts';
import { agentAttributes, resourceAttributes, schemaFor } from './cedar/schema.ts';
import { placeOfIndex } from './cedar/source.ts';
import { type Cedar, isTrap, loadCedar } from './cedar/wasm.ts';

// An instance of its own: whatever a text does to it, the policies that decide are in another.
let checker: Cedar | undefined;

/**
 * The problems of policies, by id of the policy and place; none when all may be published. Each
 * text must be one static `forbid`. `principal`, `action` and `resource` are checked against their
 * types; attributes of the context are free, but each must be used as one type.
 */
export function checkPolicies(texts: Readonly<Record<string, string>>): PolicyProblem[] {
  return Object.entries(texts)
    .flatMap(([policyId, text]) => checkPolicy({ policyId, text }))
    .sort((a, b) =>
      a.policyId === b.policyId
        ? a.line - b.line || a.column - b.column
        : a.policyId < b.policyId
          ? -1
          : 1,
    );
}

function checkPolicy(source: PolicyText): PolicyProblem[] {
  checker ??= loadCedar();
  try {
    const parsed = parsePolicy(checker, source);
    if (!parsed.ok) return [parsed.problem];
    return [
      ...unknownAsked(source, parsed.policy),
      ...typeProblems(checker, source, parsed.policy),
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

function typeProblems(cedar: Cedar, source: PolicyText, policy: PolicyJson): PolicyProblem[] {
  const { policyId, text } = source;
  const answer = cedar.validate({
    schema: schemaFor(policy),
    policies: { staticPolicies: { [policyId]: text } },
  });
  if (answer.type === 'failure') return [problemOf(source, answer.errors[0])];
  return unique(answer.validationErrors.map(({ error }) => problemOf(source, error)));
}

/** Each action is validated by itself, so that one mistake is told once for each of them. */
function unique(problems: readonly PolicyProblem[]): PolicyProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** Cedar takes `principal has ownr` for a policy that never applies; here it is a mistake. */
function unknownAsked(source: PolicyText, policy: PolicyJson): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const open = policy.conditions.map(({ body }) => body);
  for (let expr = open.pop(); expr; expr = open.pop()) {
    const node = nodeOf(expr);
    open.push(...childrenOf(expr));
    if (node.op !== 'has') continue;
    const base = pathOf(part(node, 'left'));
    const [attribute = ''] = askedBy(node);
    const known =
      base?.variable === 'principal'
        ? agentAttributes
        : base?.variable === 'resource'
          ? resourceAttributes
          : undefined;
    if (!known || base?.attributes.length !== 0 || known.has(attribute)) continue;
    const message = `attribute \`${attribute}\` on \`${base.variable}\` not found; it has ${[...known].map((name) => `\`${name}\``).join(', ')}`;
    problems.push({
      policyId: source.policyId,
      message,
      ...placeOfIndex(source.text, source.text.indexOf(attribute)),
    });
  }
  return problems;
}
