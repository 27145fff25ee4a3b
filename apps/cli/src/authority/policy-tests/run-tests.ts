/** Runs tests of policies: each question is decided by the code that a governor decides with. */
import type { DecisionInputs } from '@writ/contracts';
import { splitResource } from '@writ/contracts';
import { type Decision, decideAccess } from '@writ/domain';
import type { CompiledPolicies } from '@writ/policy';
import type { PlacedRow, Row } from './test-file.ts';

export type TestResult = {
  readonly name: string;
  readonly line: number;
  readonly column: number;
  readonly passed: boolean;
  readonly expected: string;
  readonly actual: string;
  /** The policies that determined it, or would have. */
  readonly policies: readonly string[];
};

const NEWCOMER = 120;

export function runTest(compiled: CompiledPolicies, { row, line, column }: PlacedRow): TestResult {
  const decision = decideAccess(inputsOf(compiled, row), compiled.evaluate);
  const { expected, actual, passed } = compare(row, decision);
  const policies = [...decision.determining, ...(decision.wouldDeny ?? [])];
  return { name: row.name, line, column, passed, expected, actual, policies };
}

/** Of what a test does not speak, it expects nothing. */
function compare(row: Row, decision: Decision) {
  const { outcome, code, determining, wouldDeny = [] } = decision;
  const told = [
    { want: row.expect, got: outcome },
    { want: row.code, got: code ?? 'without a code', before: ' ' },
    { want: listed(row.by), got: listed(determining) ?? '', before: ' by ' },
    { want: listed(row.wouldDeny), got: listed(wouldDeny) ?? '', before: ', would deny ' },
  ];
  const passed = told.every(({ want, got }) => want === undefined || want === got);
  const said = told.filter(({ want }) => want !== undefined);
  const text = (side: 'want' | 'got'): string =>
    said.map((one) => `${one.before ?? ''}${one[side]}`).join('');
  const reason = passed ? '' : whyOf(decision);
  return { passed, expected: text('want'), actual: `${text('got')}${reason}` };
}

function listed(ids: readonly string[] | undefined): string | undefined {
  if (ids === undefined) return undefined;
  return ids.length === 0 ? 'none' : ids.toSorted().join(', ');
}

function whyOf({ outcome, code, reasons }: Decision): string {
  if (outcome === 'allow') return '';
  const texts = reasons.map(({ text }) => text).join('; ');
  return ` (${code === null ? '' : `${code}: `}${texts})`;
}

/** The question of a test, asked by an active agent with a grant that covers it. */
function inputsOf(compiled: CompiledPolicies, row: Row): DecisionInputs {
  const { agent = 'tested:agent', action = 'read', resource = 'thing:tested' } = row;
  const { subject, action: ofAction, resource: ofResource } = row.properties ?? {};
  const sent = { context: row.context, subject, action: ofAction, resource: ofResource };
  const { ignored: _, ...shown } = compiled.show(action, sent);
  return {
    tenant: 'tested',
    key: { keyId: 'tested', status: 'active', speaksForAgent: true },
    request: { agentId: agent, action, resource: splitResource(resource), context: shown.context },
    unusable: [...shown.unusable],
    ...(shown.logOnly && { logOnly: shown.logOnly }),
    agent: {
      status: 'active',
      latched: false,
      type: row.type ?? 'tested',
      version: row.version ?? '1.0.0',
      owner: row.owner ?? null,
      capabilities: row.capabilities ?? [],
      labels: row.labels ?? {},
    },
    grants: [{ grantId: 'tested', expiresAt: null, conditions: {} }],
    missed: [],
    trust: { score: row.trust ?? NEWCOMER, model: 'tested', r: '0', s: '0', minute: 0 },
    policies: { version: null, digest: compiled.digest },
    engine: { name: 'cedar', version: 'tested' },
    nowMs: 0,
    seq: 0,
  };
}
