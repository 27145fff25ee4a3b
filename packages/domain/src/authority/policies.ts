/**
 * The policies of a tenant: published as numbered versions, one of them active at a time, and the
 * schema that they are held to. What does not validate against the schema in force can neither be
 * published nor become active.
 */
import type { EventData, WritEvent } from '@writ/contracts';
import { type Decider, type Folded, laterOf, Refusal } from '../decider.ts';

export type PoliciesEventName =
  | 'PoliciesPublished'
  | 'PoliciesActivated'
  | 'PoliciesRolledBack'
  | 'SchemaPublished';
export type PublishedPolicies = EventData<'PoliciesPublished'>;
export type PublishedSchema = EventData<'SchemaPublished'>;

export type PoliciesState = {
  readonly published: ReadonlyMap<string, PublishedPolicies>;
  readonly active: PublishedPolicies | null;
  /** The versions that were active before, the last one at the end, without those gone back from. */
  readonly before: readonly string[];
  /** The one published last, also where it declares nothing any more. */
  readonly schema: PublishedSchema | null;
  readonly timeMs: number;
};

/** A mistake in a policy's text, and where: lines and characters from 1. */
export type PolicyMistake = {
  readonly policyId: string;
  readonly message: string;
  readonly line: number;
  readonly column: number;
};

/** Validates policies against the text of a schema, or without one; a pure function. */
export type CheckPolicies = (
  policies: Readonly<Record<string, string>>,
  schema: string | null,
) => readonly PolicyMistake[];

export type PoliciesCommand =
  | {
      readonly type: 'PublishPolicies';
      readonly engine: 'cedar';
      readonly policies: Readonly<Record<string, string>>;
      readonly note: string | null;
      /** Computed over `{engine, policies}` by the shell. */
      readonly digest: string;
      readonly check: CheckPolicies;
    }
  | {
      readonly type: 'ActivatePolicies';
      readonly version: string;
      readonly check: CheckPolicies;
    }
  | {
      readonly type: 'RollBackPolicies';
      /** The version active before when it is `null`. */
      readonly version: string | null;
      readonly reason: string | null;
      readonly check: CheckPolicies;
    }
  | {
      readonly type: 'PublishSchema';
      readonly engine: 'cedar';
      readonly schema: string | null;
      readonly note: string | null;
      /** Computed over `{engine, schema}` by the shell. */
      readonly digest: string;
      readonly check: CheckPolicies;
    };

/** Versions that can be gone back to. */
const KEPT = 100;

type Command<T extends PoliciesCommand['type']> = Extract<PoliciesCommand, { type: T }>;

function decide(
  state: PoliciesState,
  command: PoliciesCommand,
): readonly WritEvent<PoliciesEventName>[] {
  switch (command.type) {
    case 'PublishPolicies':
      return publish(state, command);
    case 'ActivatePolicies':
      return activate(state, command);
    case 'RollBackPolicies':
      return rollBack(state, command);
    case 'PublishSchema':
      return publishSchema(state, command);
  }
}

function publish(
  { published, schema }: PoliciesState,
  { engine, policies, note, digest, check }: Command<'PublishPolicies'>,
): readonly WritEvent<PoliciesEventName>[] {
  refuseMistakes(check(policies, schema?.schema ?? null));
  const version = String(published.size + 1);
  const data = { version, engine, policies: { ...policies }, digest, note };
  return [{ type: 'PoliciesPublished', data }];
}

function activate(
  state: PoliciesState,
  { version, check }: Command<'ActivatePolicies'>,
): readonly WritEvent<PoliciesEventName>[] {
  const chosen = state.published.get(version);
  if (!chosen)
    throw new Refusal(
      'POLICY_VERSION_UNKNOWN',
      `version \`${version}\` of the policies is not published; publish it first`,
      [{ path: 'version', message: 'must be a version that a publication returned' }],
    );
  if (state.active?.version === chosen.version) return [];
  refuseUnlessValid(state, chosen, check);
  const superseded = state.active?.version ?? null;
  return [{ type: 'PoliciesActivated', data: { version, digest: chosen.digest, superseded } }];
}

function rollBack(
  state: PoliciesState,
  { version: asked, reason, check }: Command<'RollBackPolicies'>,
): readonly WritEvent<PoliciesEventName>[] {
  const { active, before, published } = state;
  if (active !== null && asked === active.version) return [];
  const version = asked ?? before.at(-1);
  const chosen = version === undefined ? undefined : published.get(version);
  if (active === null || !chosen || !before.includes(chosen.version))
    throw new Refusal(
      'POLICY_ROLLBACK_IMPOSSIBLE',
      asked === null
        ? 'no version of the policies was active before; activate one that is published'
        : `version \`${asked}\` of the policies was not active before; activate it instead`,
      [{ path: 'version', message: 'must be a version that was active before' }],
    );
  refuseUnlessValid(state, chosen, check);
  const { digest } = chosen;
  const data = { version: chosen.version, digest, superseded: active.version, reason };
  return [{ type: 'PoliciesRolledBack', data }];
}

function publishSchema(
  { active, schema: current }: PoliciesState,
  { engine, schema, note, digest, check }: Command<'PublishSchema'>,
): readonly WritEvent<PoliciesEventName>[] {
  if (schema === (current?.schema ?? null)) return [];
  if (active !== null) refuseMistakes(check(active.policies, schema), active.version);
  const version = String(Number(current?.version ?? 0) + 1);
  return [{ type: 'SchemaPublished', data: { version, engine, schema, digest, note } }];
}

/** What was published before the schema in force may not be valid by it. */
function refuseUnlessValid(
  { schema }: PoliciesState,
  chosen: PublishedPolicies,
  check: CheckPolicies,
): void {
  if (schema !== null && schema.schema !== null)
    refuseMistakes(check(chosen.policies, schema.schema), chosen.version);
}

/** `version` is said where the policies are not those of the command itself. */
function refuseMistakes(mistakes: readonly PolicyMistake[], version?: string): void {
  if (mistakes.length === 0) return;
  const details = mistakes.map(({ policyId, message, line, column }) => ({
    path: `policies.${policyId}`,
    message: `line ${line}, column ${column}: ${message}`,
  }));
  const [first] = details;
  const where = version === undefined ? '' : ` of version \`${version}\``;
  throw new Refusal(
    'POLICY_INVALID',
    `\`${first?.path}\`${where} is not valid: ${first?.message}`,
    details,
  );
}

function evolve(state: PoliciesState, event: Folded<PoliciesEventName>): PoliciesState {
  const timeMs = laterOf(state.timeMs, event.timeMs);
  switch (event.type) {
    case 'PoliciesPublished':
      return {
        ...state,
        published: new Map(state.published).set(event.data.version, event.data),
        timeMs,
      };
    case 'PoliciesActivated': {
      const { version, superseded } = event.data;
      const before =
        superseded === null ? state.before : [...state.before.slice(1 - KEPT), superseded];
      return { ...state, active: state.published.get(version) ?? null, before, timeMs };
    }
    case 'PoliciesRolledBack': {
      const { version } = event.data;
      const before = state.before.slice(0, state.before.lastIndexOf(version));
      return { ...state, active: state.published.get(version) ?? null, before, timeMs };
    }
    case 'SchemaPublished':
      return { ...state, schema: event.data, timeMs };
  }
}

export const policies: Decider<PoliciesState, PoliciesCommand, PoliciesEventName> = {
  initial: () => ({ published: new Map(), active: null, before: [], schema: null, timeMs: 0 }),
  decide,
  evolve,
};
