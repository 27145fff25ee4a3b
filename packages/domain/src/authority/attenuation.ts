/** What is handed on is never wider than what it is handed on from: not in what it covers, not in time, not in conditions. */
import type { ErrorDetail, GrantConditions } from '@writ/contracts';
import { Refusal } from '../decider.ts';
import type { Grant } from './grant-book.ts';
import { coversPattern } from './patterns.ts';

type Bounds = Pick<
  Grant,
  | 'actions'
  | 'resources'
  | 'notBefore'
  | 'expiresAt'
  | 'conditions'
  | 'delegable'
  | 'fromMs'
  | 'untilMs'
>;

/** Throws where `child` would allow, at any time and in any circumstances, what `parent` does not. */
export function refuseWider(parent: Bounds & Pick<Grant, 'grantId'>, child: Bounds): void {
  if (parent.delegable === 0)
    throw new Refusal(
      'GRANT_NOT_DELEGABLE',
      `grant \`${parent.grantId}\` can not be handed on; issue it with \`delegable\``,
      [{ path: 'grantId', message: 'must be a grant that was issued with `delegable`' }],
    );
  const wider = widenings(parent, child);
  const [first] = wider;
  if (first)
    throw new Refusal(
      'GRANT_TOO_WIDE',
      `\`${first.path}\` would be wider than grant \`${parent.grantId}\` that it is handed on from: it ${first.message}`,
      wider,
    );
}

/** Where `child` is wider than `parent`: the field, and the parent's bound. */
export function widenings(parent: Bounds, child: Bounds): ErrorDetail[] {
  const found: ErrorDetail[] = [
    ...uncovered('actions', parent.actions, child.actions),
    ...uncovered('resources', parent.resources, child.resources),
  ];
  if (child.fromMs < parent.fromMs)
    found.push({ path: 'notBefore', message: `must not be before ${parent.notBefore}` });
  if (child.untilMs > parent.untilMs)
    found.push({ path: 'expiresAt', message: `must not be after ${parent.expiresAt}` });
  if (child.delegable >= parent.delegable)
    found.push({ path: 'delegable', message: `must be less than ${parent.delegable}` });
  return [...found, ...looser(parent.conditions, child.conditions)];
}

function uncovered(
  path: 'actions' | 'resources',
  wide: readonly string[],
  narrow: readonly string[],
): ErrorDetail[] {
  return narrow.flatMap((pattern, index) =>
    wide.some((one) => coversPattern(one, pattern))
      ? []
      : [{ path: `${path}.${index}`, message: `must be covered by ${named(wide)}` }],
  );
}

function named(patterns: readonly string[]): string {
  const quoted = patterns.map((pattern) => `\`${pattern}\``);
  return quoted.length === 1 ? `${quoted[0]}` : `one of ${quoted.join(', ')}`;
}

/** Each condition of the parent must be there and as tight; more conditions are welcome. */
function looser(parent: GrantConditions, child: GrantConditions): ErrorDetail[] {
  return [
    ...above('maxCostMicros', parent.maxCostMicros, child.maxCostMicros),
    ...above('maxUses', parent.maxUses, child.maxUses),
    // Fewer within a longer time: every shorter time is within one of those.
    ...above('window.limit', parent.window?.limit, child.window?.limit),
    ...below('window.seconds', parent.window?.seconds, child.window?.seconds),
    ...above('budget.costMicros', parent.budget?.costMicros, child.budget?.costMicros),
    ...above('budget.tokens', parent.budget?.tokens, child.budget?.tokens),
    ...below('budget.seconds', parent.budget?.seconds, child.budget?.seconds),
    ...unset('budget.exact', parent.budget?.exact, child.budget?.exact),
    ...unset('requireApproval', parent.requireApproval, child.requireApproval),
  ];
}

function above(name: string, bound: number | undefined, value: number | undefined): ErrorDetail[] {
  if (bound === undefined || (value !== undefined && value <= bound)) return [];
  return [{ path: `conditions.${name}`, message: `must be at most ${bound}` }];
}

function below(name: string, bound: number | undefined, value: number | undefined): ErrorDetail[] {
  if (bound === undefined || (value !== undefined && value >= bound)) return [];
  return [{ path: `conditions.${name}`, message: `must be at least ${bound}` }];
}

function unset(
  name: string,
  bound: boolean | undefined,
  value: boolean | undefined,
): ErrorDetail[] {
  if (bound !== true || value === true) return [];
  return [{ path: `conditions.${name}`, message: 'must be true' }];
}

/** What a grant says where the one who hands it on says nothing: the parent's bounds. */
export function inherited<T extends Pick<Bounds, 'notBefore' | 'expiresAt' | 'conditions'>>(
  parent: Pick<Bounds, 'notBefore' | 'expiresAt' | 'conditions'>,
  terms: T,
): T {
  return {
    ...terms,
    notBefore: terms.notBefore ?? parent.notBefore,
    expiresAt: terms.expiresAt ?? parent.expiresAt,
    conditions: { ...parent.conditions, ...terms.conditions },
  };
}
