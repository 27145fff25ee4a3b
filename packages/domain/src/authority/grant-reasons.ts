/** What is said of grants in the reasons of a decision. */
import type { DecisionInputs, DecisionReason } from '@writ/contracts';

/** Why it is allowed: a grant that holds. */
export function grantReason({
  grantId,
  expiresAt,
  handedOnFrom,
}: DecisionInputs['grants'][number]): DecisionReason {
  const until = expiresAt === null ? 'without an end' : `until ${expiresAt}`;
  const [parent] = handedOnFrom ?? [];
  const text = parent ? `handed on by agent \`${parent.agentId}\` ${until}` : `granted ${until}`;
  return { kind: 'grant', id: grantId, text };
}

/** Why it is not: a grant that would hold at another time. */
export function missReason(missed: DecisionInputs['missed'][number]): DecisionReason {
  return { kind: 'grant', id: missed.grantId, text: missText(missed) };
}

function missText({ why, through }: DecisionInputs['missed'][number]): string {
  const what = through
    ? `grant \`${through.grantId}\` of agent \`${through.agentId}\` that it was handed on from`
    : 'it';
  switch (why) {
    case 'expired':
      return `a grant would have covered it, but ${what} has expired`;
    case 'not_yet':
      return `a grant will cover it, but ${what} has not begun`;
    case 'revoked':
      return `a grant would have covered it, but ${what} was revoked`;
    case 'stopped':
      return `a grant would cover it, but agent \`${through?.agentId}\` that it was handed on from is stopped`;
    case 'retired':
      return `a grant would have covered it, but agent \`${through?.agentId}\` that it was handed on from is retired`;
  }
}
