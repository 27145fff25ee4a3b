/**
 * Random policies and questions, decided by the engine and by a reference that was written apart
 * from it: the engine may never allow what the reference denies, and has no reason to differ at all.
 */
import { decideAccess, type Evaluate, type PolicyVerdict } from '@writ/domain';
import { expect, test } from 'vitest';
import { policyDigest } from '../digest.ts';
import { type CompiledPolicies, openCedar } from '../engine.ts';
import { inputsWith } from '../inputs.fixture.ts';
import {
  ACTIONS,
  AGENTS,
  DECLARED,
  type Random,
  randomContext,
  randomFrom,
  randomPolicy,
  RESOURCES,
  schemaText,
} from './cases.fixture.ts';
import { type Asked, type Json, referenceVerdict, type Verdict } from './reference.fixture.ts';
import { type Policy, textOf } from './terms.fixture.ts';

const SEED = 20_271;
const SETS = 420;
const QUESTIONS = 250;

const engine = openCedar();
const agent = {
  status: 'active',
  latched: false,
  type: 'reader',
  version: '1.2.0',
} as const;

type Agent = {
  readonly owner: string | null;
  readonly capabilities: string[];
  readonly labels: Record<string, string>;
};
type Case = { readonly asked: Asked; readonly agent: Agent; readonly trust: number };
type Counts = {
  cases: number;
  allows: number;
  denies: number;
  failing: number;
  unshowable: number;
  flipped: number;
  /** Allowed by the engine, denied by the reference. */
  wrongAllows: number;
  differing: string[];
};

function randomCase(random: Random): Case {
  const { chance, pick } = random;
  const agentId = pick(AGENTS);
  const [container, name] = agentId.includes(':') ? agentId.split(':') : [undefined, agentId];
  const owner = chance(0.7) ? 'eu' : null;
  const capabilities = chance(0.5) ? ['a', 'sales'] : [];
  const labels: Record<string, string> = chance(0.6) ? { env: pick(['eu', 'prod']) } : {};
  const trust = pick([0, 3, 120, 500, 1000]);
  const resource = pick(RESOURCES);
  const principal: Record<string, Json> = {
    ...{ type: agent.type, version: agent.version, capabilities, labels, trust },
    name: name ?? '',
    ...(container !== undefined && { container }),
    ...(owner !== null && { owner }),
  };
  const asked = {
    agentId,
    action: pick(ACTIONS),
    resource,
    context: randomContext(random),
    principal,
  };
  return { asked, agent: { owner, capabilities, labels }, trust };
}

/** What the engine makes of a question, on the way that a governor takes. */
function decideByEngine(compiled: CompiledPolicies, { asked, ...more }: Case, evaluate: Evaluate) {
  const { agentId, action, resource, context } = asked;
  const sent = { context, subject: undefined, action: undefined, resource: undefined };
  const { ignored: _, ...shown } = compiled.show(action, sent);
  const { trust } = more;
  const inputs = {
    ...inputsWith({ agentId, action, resource, context: shown.context, trust, agent: more.agent }),
    unusable: [...shown.unusable],
    ...(shown.logOnly && { logOnly: shown.logOnly }),
  };
  let verdict: PolicyVerdict | undefined;
  const { outcome, wouldDeny = [] } = decideAccess(inputs, (given) => (verdict = evaluate(given)));
  return { outcome, wouldDeny, verdict, unusable: shown.unusable };
}

function run(sets: number, wrap: (evaluate: Evaluate) => Evaluate = (same) => same): Counts {
  const random = randomFrom(SEED);
  const counts: Counts = {
    ...{ cases: 0, allows: 0, denies: 0, failing: 0, unshowable: 0, flipped: 0, wrongAllows: 0 },
    differing: [],
  };
  for (let n = 0; n < sets; n++) {
    const held = random.chance(0.3);
    const policies = randomPolicies(random);
    const texts = Object.fromEntries(
      Object.entries(policies).map(([id, policy]) => [id, textOf(policy)]),
    );
    const digest = policyDigest('cedar', texts);
    const schema = held ? schemaText(DECLARED) : null;
    const compiled = engine.compile('fuzz', { digest, policies: texts, schema });
    const evaluate = wrap(compiled.evaluate);
    for (let question = 0; question < QUESTIONS; question++) {
      const one = randomCase(random);
      const expected = referenceVerdict(policies, one.asked, held ? DECLARED : undefined);
      const decided = decideByEngine(compiled, one, evaluate);
      compare(counts, {
        expected,
        decided,
        told: () => `${JSON.stringify(one)}\n${Object.values(texts).join('\n')}`,
      });
    }
  }
  return counts;
}

function randomPolicies(random: Random): Record<string, Policy> {
  const count = 1 + random.below(5);
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`p${i}`, randomPolicy(random)]),
  );
}

type Compared = {
  readonly expected: Verdict;
  readonly decided: ReturnType<typeof decideByEngine>;
  readonly told: () => string;
};

function compare(counts: Counts, { expected, decided, told }: Compared): void {
  const { outcome, verdict, wouldDeny, unusable } = decided;
  if (verdict?.errors.some((error) => /\(line \d+, column/.test(error)))
    throw new Error(`the policies were not even read: ${verdict.errors.join('; ')}`);
  counts.cases += 1;
  counts[outcome === 'allow' ? 'allows' : 'denies'] += 1;
  if (expected.failing.length > 0) counts.failing += 1;
  if (expected.unshowable) counts.unshowable += 1;
  if (wouldDeny.length > 0) counts.flipped += 1;
  if (outcome === 'allow' && expected.effect === 'deny') counts.wrongAllows += 1;
  const same =
    (outcome === 'allow') === (expected.effect === 'allow') &&
    unusable.length > 0 === expected.unshowable &&
    (verdict === undefined || sameVerdict(expected, verdict)) &&
    (outcome !== 'allow' || expected.wouldDeny.every((id) => wouldDeny.includes(id)));
  if (!same && counts.differing.length < 3)
    counts.differing.push(`${told()}\n${JSON.stringify({ expected, decided }, null, 1)}`);
}

function sameVerdict(expected: Verdict, verdict: PolicyVerdict): boolean {
  if (verdict.errors.length > 0 !== expected.failing.length > 0) return false;
  const { effect, determining } = verdict;
  return effect === 'allow' || expected.failing.length > 0
    ? expected.forbidding.length === 0 || effect === 'deny'
    : determining.join() === expected.forbidding.join();
}

test('nothing is allowed that a strict evaluation written apart denies', {
  timeout: 600_000,
}, () => {
  const { differing, ...counts } = run(SETS);
  process.stdout.write(`fuzz: seed ${SEED}, ${SETS} sets, ${JSON.stringify(counts)}\n`);
  expect(differing).toEqual([]);
  expect(counts.wrongAllows).toBe(0);
  expect(counts.cases).toBeGreaterThanOrEqual(100_000);
  for (const reached of [counts.allows, counts.failing, counts.unshowable, counts.flipped])
    expect(reached).toBeGreaterThan(1000);
});

test('an engine that passes over policies that it can not evaluate is caught', {
  timeout: 120_000,
}, () => {
  const careless =
    (evaluate: Evaluate): Evaluate =>
    (inputs) => ({ ...evaluate(inputs), errors: [] });
  expect(run(20, careless).wrongAllows).toBeGreaterThan(10);
});
