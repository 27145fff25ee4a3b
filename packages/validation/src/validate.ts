/**
 * Judges one result by the rules for its action.
 *
 * 1. A rejection outweighs redactions; what can not be taken out (the name of a member) is rejected.
 * 2. A check that fails to run rejects: a doubt is never an acceptance.
 * 3. Findings name places and kinds, never the text.
 */
import type { Finding, Remedy, ValidationOutcome, ValidationRule } from '@writ/contracts';
import { findDenied } from './checks/deny-list.ts';
import { findPersonalData } from './checks/personal-data.ts';
import { findMismatch } from './checks/schema.ts';
import { findSecrets } from './checks/secrets.ts';
import { redacted } from './redact.ts';
import { type CompiledRule, type CompiledRules, rulesFor } from './rules.ts';
import { type Hit, type Located, Texts } from './texts.ts';

type Members = Record<string, unknown>;

/** A check of the installation's own: what is wrong with a result, or nothing. */
export type CustomCheck = (asked: {
  readonly action: string;
  readonly result: Members;
}) => readonly Located[] | Promise<readonly Located[]>;

export type Verdict = {
  readonly outcome: ValidationOutcome;
  readonly findings: readonly Finding[];
  readonly redactions: readonly (Located & { readonly start: number; readonly end: number })[];
  /** The result without what was taken out, where the outcome is `redact`. */
  readonly result: Members | undefined;
  /** The gravest of the rules that rejected; null where none did. */
  readonly severity: ValidationRule['severity'] | null;
};

export type Asked = { readonly action: string; readonly result: Members };

type Found = { readonly finding: Finding; readonly remedy: Remedy; readonly hit?: Hit };

const MAX_FINDINGS = 20;
/** More pieces than this are no longer taken out one by one: an answer has to fit into a message. */
const MAX_REDACTIONS = 1000;
const SEVERITIES = ['minor', 'major', 'critical'] as const;

export async function validateResult(
  rules: CompiledRules,
  asked: Asked,
  custom: Readonly<Record<string, CustomCheck>> = {},
): Promise<Verdict> {
  const texts = new Texts(asked.result);
  const scans = new Scans(texts);
  const found: (Found & { readonly severity: ValidationRule['severity'] })[] = [];
  for (const one of rulesFor(rules, asked.action))
    for (const item of await apply(one, { asked, texts, scans, custom }))
      found.push({ ...item, severity: one.rule.severity });
  const rejecting = found.filter(({ remedy }) => remedy === 'reject');
  const findings = [...rejecting, ...found.filter(({ remedy }) => remedy === 'redact')]
    .map(({ finding }) => finding)
    .slice(0, MAX_FINDINGS);
  if (rejecting.length > 0)
    return { ...NOTHING, outcome: 'reject', findings, severity: gravest(rejecting) };
  const hits = distinct(found.flatMap(({ hit }) => hit ?? []));
  const [first] = findings;
  if (first === undefined) return { ...NOTHING, outcome: 'accept', findings };
  if (hits.length > MAX_REDACTIONS)
    return {
      ...NOTHING,
      outcome: 'reject',
      findings: [{ ...first, path: '', kind: 'TOO_MANY' }],
      severity: gravest(found),
    };
  return {
    outcome: 'redact',
    findings,
    redactions: hits.map(({ text, kind, start, end }) => ({ path: text.path, kind, start, end })),
    result: redacted(asked.result, hits),
    severity: null,
  };
}

function gravest(found: readonly Pick<ValidationRule, 'severity'>[]): Verdict['severity'] {
  return SEVERITIES.findLast((one) => found.some(({ severity }) => severity === one)) ?? null;
}

/** Several rules may ask for the same check. */
function distinct(hits: readonly Hit[]): Hit[] {
  const seen = new Map<string, Hit>();
  for (const hit of hits) seen.set(`${hit.start} ${hit.end} ${hit.kind} ${hit.text.path}`, hit);
  return [...seen.values()];
}

const NOTHING = { redactions: [], result: undefined, severity: null } as const;

/** Each scanner runs once over a result, however many rules ask for it. */
class Scans {
  readonly #texts: Texts;
  #secrets: Promise<Hit[]> | undefined;
  #personalData: Promise<Hit[]> | undefined;

  constructor(texts: Texts) {
    this.#texts = texts;
  }

  secrets(): Promise<Hit[]> {
    return (this.#secrets ??= findSecrets(this.#texts));
  }

  personalData(): Promise<Hit[]> {
    return (this.#personalData ??= findPersonalData(this.#texts));
  }
}

type Place = {
  readonly asked: Asked;
  readonly texts: Texts;
  readonly scans: Scans;
  readonly custom: Readonly<Record<string, CustomCheck>>;
};

async function apply(
  { name, rule, matchesSchema }: CompiledRule,
  { asked, texts, scans, custom }: Place,
): Promise<Found[]> {
  const found: Found[] = [];
  const whole = (check: string, { path, kind }: Located): void => {
    found.push({ finding: { rule: name, check, path, kind }, remedy: 'reject' });
  };
  const pieces = (check: string, remedy: Remedy, hits: readonly Hit[]): void => {
    for (const hit of hits)
      found.push({
        finding: { rule: name, check, path: hit.text.path, kind: hit.kind },
        ...(hit.text.isName || remedy === 'reject' ? { remedy: 'reject' } : { remedy, hit }),
      });
  };
  const trying = async (check: string, work: () => void | Promise<void>): Promise<void> => {
    try {
      await work();
    } catch {
      whole(check, { path: '', kind: 'CHECK_FAILED' });
    }
  };
  if (rule.maxBytes !== undefined && sizeOf(asked.result) > rule.maxBytes)
    whole('size', { path: '', kind: 'TOO_LARGE' });
  if (rule.schema !== undefined)
    await trying('schema', () => {
      const matches = matchesSchema();
      const mismatch = matches && findMismatch(matches, asked.result);
      if (mismatch) whole('schema', mismatch);
    });
  const { secrets, personalData, denyList } = rule;
  if (secrets)
    await trying('secrets', async () => pieces('secrets', secrets, await scans.secrets()));
  if (personalData)
    await trying('personal_data', async () =>
      pieces('personal_data', personalData, await scans.personalData()),
    );
  if (denyList) pieces('deny_list', denyList.remedy, findDenied(texts, denyList.terms));
  for (const check of rule.custom ?? [])
    await trying(check, async () => {
      const own = custom[check];
      if (!own) return whole(check, { path: '', kind: 'CHECK_UNKNOWN' });
      for (const problem of await own(asked)) whole(check, problem);
    });
  return found;
}

function sizeOf(result: Members): number {
  return Buffer.byteLength(JSON.stringify(result), 'utf8');
}
