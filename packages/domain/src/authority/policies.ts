/** The policies of a tenant: published as numbered versions, one of them active at a time. */
import type { EventData, WritEvent } from '@writ/contracts';
import { type Decider, type Folded, laterOf, Refusal } from '../decider.ts';

export type PoliciesEventName = 'PoliciesPublished' | 'PoliciesActivated';
export type PublishedPolicies = EventData<'PoliciesPublished'>;

export type PoliciesState = {
  readonly published: ReadonlyMap<string, PublishedPolicies>;
  readonly active: PublishedPolicies | null;
  readonly timeMs: number;
};

export type PoliciesCommand =
  | {
      readonly type: 'PublishPolicies';
      readonly engine: 'cedar';
      readonly policies: Readonly<Record<string, string>>;
      readonly note: string | null;
      /** Computed over `{engine, policies}` by the shell. */
      readonly digest: string;
    }
  | { readonly type: 'ActivatePolicies'; readonly version: string };

function decide(
  state: PoliciesState,
  command: PoliciesCommand,
): readonly WritEvent<PoliciesEventName>[] {
  switch (command.type) {
    case 'PublishPolicies': {
      const { engine, policies, note, digest } = command;
      const version = String(state.published.size + 1);
      return [
        {
          type: 'PoliciesPublished',
          data: { version, engine, policies: { ...policies }, digest, note },
        },
      ];
    }
    case 'ActivatePolicies': {
      const chosen = state.published.get(command.version);
      if (!chosen)
        throw new Refusal(
          'POLICY_VERSION_UNKNOWN',
          `version \`${command.version}\` of the policies is not published; publish it first`,
          [{ path: 'version', message: 'must be a version that a publication returned' }],
        );
      if (state.active?.version === chosen.version) return [];
      const superseded = state.active?.version ?? null;
      return [
        {
          type: 'PoliciesActivated',
          data: { version: chosen.version, digest: chosen.digest, superseded },
        },
      ];
    }
  }
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
    case 'PoliciesActivated':
      return { ...state, active: state.published.get(event.data.version) ?? null, timeMs };
  }
}

export const policies: Decider<PoliciesState, PoliciesCommand, PoliciesEventName> = {
  initial: () => ({ published: new Map(), active: null, timeMs: 0 }),
  decide,
  evolve,
};
