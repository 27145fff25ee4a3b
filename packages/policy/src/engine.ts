/**
 * The Cedar engine: sets of policies parsed once, evaluated as a pure function of a decision's inputs.
 *
 * 1. Parsed sets can never be deleted, only replaced: they live in slots numbered per slot name, so
 *    memory does not grow with the number of sets ever compiled.
 * 2. Compiling into a slot ends what was compiled into it before; that then refuses to evaluate.
 * 3. Cedar is not asked where no policy can apply, or each surely does not; it alone finds that one does.
 * 4. Log-only policies are asked apart and decide nothing.
 * 5. Whatever is in doubt (a policy that does not parse, any error of any policy, a broken
 *    instance) is an error of the verdict, which denies.
 */
import type { DecisionInputs } from '@writ/contracts';
import { BASE_POLICY, type Evaluate, type PolicyVerdict } from '@writ/domain';
import { handlingOf } from './cedar/annotations.ts';
import { appliesTo } from './cedar/applies.ts';
import { approvable, approvalTermsOf } from './cedar/approval-terms.ts';
import { type Instance, openInstance, repaired } from './cedar/instance.ts';
import { openLogOnly } from './cedar/log-only.ts';
import { parsePolicy } from './cedar/parse.ts';
import { type Compiled, failed, ParsedSlices } from './cedar/parsed-slices.ts';
import { type Agent, callOf, type Seen, seenOf } from './cedar/question.ts';
import { READS_NOTHING, type Reads, readsOf, readsPrincipal } from './cedar/reads.ts';
import { rulesOut } from './cedar/rules-out.ts';
import { covers, createSlicer } from './cedar/slices.ts';
import { NOTHING_DECLARED, readTenantSchema, type TenantSchema } from './cedar/tenant-schema.ts';
import { showDeclared } from './declared-context.ts';
import { policyDigest } from './digest.ts';
import { type SentContext, showApart, type Shown } from './shown-context.ts';

export type PolicySet = {
  readonly digest: string;
  readonly policies: Readonly<Record<string, string>>;
  /** The text of the tenant's schema, where it has one. */
  readonly schema?: string | null;
};

export type CompiledPolicies = {
  readonly digest: string;
  /** What the policies read of a question; nothing else needs to be shown to them or recorded. */
  readonly reads: Reads;
  /** True when some policy reads `principal.trust`. */
  readonly readsTrust: boolean;
  /** What of a question's context the policies are shown. */
  readonly show: (action: string, sent: SentContext) => Shown;
  readonly evaluate: Evaluate;
};

export type CedarEngine = {
  readonly name: 'cedar';
  readonly version: string;
  /** Parses a set into a slot; one that can not be used denies everything, with the reason. */
  readonly compile: (slot: string, set: PolicySet) => CompiledPolicies;
};

const FULL_TRUST = 1000;
const GRANTED: PolicyVerdict = {
  effect: 'allow',
  determining: [BASE_POLICY],
  errors: [],
  trustDecides: false,
};
const NOT_GRANTED: PolicyVerdict = {
  effect: 'deny',
  determining: [],
  errors: [],
  trustDecides: false,
};

export function openCedar(): CedarEngine {
  const instance = openInstance();
  const current = new Map<string, PolicySet>();
  return {
    name: 'cedar',
    version: instance.cedar.getCedarVersion(),
    compile: (slot, set) => {
      current.set(slot, set);
      return compileSet(instance, slot, set, () => current.get(slot) === set);
    },
  };
}

function compileSet(
  instance: Instance,
  slot: string,
  set: PolicySet,
  isCurrent: () => boolean,
): CompiledPolicies {
  const read = readSet(instance, set);
  if (!read.ok) return refusing(set.digest, read.error);
  const { schema } = read;
  const [watching, deciding] = parted(read.policies, ({ policy }) => handlingOf(policy).logOnly);
  const { reads, readsTrust, decide } = openDeciding(instance, slot, deciding);
  const logOnly = openLogOnly(instance, slot, watching);
  const recorded = read.policies
    .filter(({ policy }) => handlingOf(policy).recordRequired)
    .map(({ policy }) => appliesTo(policy));
  const isPlain = recorded.length === 0 && watching.length === 0;
  const show = (sent: SentContext): Shown => showApart(reads.context, logOnly.reads.context, sent);

  const evaluate = (inputs: DecisionInputs): PolicyVerdict => {
    if (!isCurrent()) return failed('the policies were replaced while they were asked');
    if (inputs.grants.length === 0) return NOT_GRANTED;
    const { agent, request } = inputs;
    if (!agent) return failed('the agent is not there to be shown to the policies');
    const verdict = decide(inputs, agent);
    if (isPlain) return verdict;
    const wouldDeny = logOnly.wouldDeny(inputs, agent);
    const mustRecord = recorded.some((policy) => covers(policy, request));
    return {
      ...verdict,
      ...(wouldDeny.length > 0 && { wouldDeny }),
      ...(mustRecord && { record: 'required' }),
    };
  };
  return {
    digest: set.digest,
    reads,
    readsTrust,
    show: (action, sent) =>
      schema
        ? showDeclared(schema.actions.get(action) ?? NOTHING_DECLARED, sent, show)
        : show(sent),
    evaluate,
  };
}

function parted<T>(items: readonly T[], test: (item: T) => boolean): readonly [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

type Deciding = {
  readonly reads: Reads;
  readonly readsTrust: boolean;
  readonly decide: (inputs: DecisionInputs, agent: Agent) => PolicyVerdict;
};

/** The policies that are in force. */
function openDeciding(instance: Instance, slot: string, policies: readonly Compiled[]): Deciding {
  const slicer = createSlicer(policies.map(({ policy }) => appliesTo(policy)));
  const reads = readsOf(policies.map(({ policy }) => policy));
  const parsed = new ParsedSlices(instance, slot, policies);
  const surelyNot = policies.map(({ policy }) => rulesOut(policy));
  const readTrust = new Set(
    policies.filter(({ policy }) => readsPrincipal(readsOf([policy]), 'trust')).map(({ id }) => id),
  );
  const approvalTerms = new Map(
    policies.flatMap(({ id, policy }) => {
      const terms = approvalTermsOf(policy);
      return terms ? [[id, terms] as const] : [];
    }),
  );

  const decide = (inputs: DecisionInputs, agent: Agent): PolicyVerdict => {
    const slice = slicer.sliceFor(inputs.request);
    const seen = seenOf(inputs, agent);
    if (slice.policies.every((index) => surelyNot[index]?.(seen))) return GRANTED;
    const ask = (shown: Seen): PolicyVerdict =>
      parsed.ask(slice, (sliceReads, setId) => callOf(inputs, shown, { reads: sliceReads, setId }));
    const verdict = approvable(ask(seen), approvalTerms);
    if (verdict.effect === 'allow' || verdict.errors.length > 0 || verdict.approval) return verdict;
    if (!inputs.trust) return verdict;
    const byTrust =
      verdict.determining.length > 0 && verdict.determining.every((id) => readTrust.has(id));
    const withFullTrust = { ...seen, principal: { ...seen.principal, trust: FULL_TRUST } };
    return byTrust && allows(ask(withFullTrust)) ? { ...verdict, trustDecides: true } : verdict;
  };
  return { reads, readsTrust: readTrust.size > 0, decide };
}

type ReadSet =
  | {
      readonly ok: true;
      readonly policies: readonly Compiled[];
      readonly schema: TenantSchema | undefined;
    }
  | { readonly ok: false; readonly error: string };

function readSet(instance: Instance, { digest, policies, schema = null }: PolicySet): ReadSet {
  const texts = Object.entries(policies).sort(([a], [b]) => (a < b ? -1 : 1));
  if (texts.length === 0 && schema === null) return { ok: true, policies: [], schema: undefined };
  try {
    const tenant = schema === null ? undefined : readTenantSchema(instance.cedar, schema);
    if (tenant?.ok === false)
      return { ok: false, error: `the schema ${tenant.problems[0]?.message ?? 'can not be read'}` };
    if (texts.length > 0 && policyDigest('cedar', policies) !== digest)
      return { ok: false, error: `the policies are not those of digest \`${digest}\`` };
    const compiled: Compiled[] = [];
    for (const [id, text] of texts) {
      const parsed = parsePolicy(instance.cedar, { policyId: id, text });
      if (!parsed.ok)
        return {
          ok: false,
          error: `policy \`${id}\` ${parsed.problem.message} (line ${parsed.problem.line}, column ${parsed.problem.column})`,
        };
      compiled.push({ id, text, policy: parsed.policy });
    }
    return { ok: true, policies: compiled, schema: tenant?.schema };
  } catch (thrown) {
    return { ok: false, error: repaired(instance, thrown) };
  }
}

function refusing(digest: string, error: string): CompiledPolicies {
  return {
    digest,
    reads: READS_NOTHING,
    readsTrust: false,
    show: (_action, sent) => showApart({}, {}, sent),
    evaluate: () => failed(error),
  };
}

function allows({ effect, errors }: PolicyVerdict): boolean {
  return effect === 'allow' && errors.length === 0;
}
