/** What keeps the API from its work: looked at when asked, at most once a second. */
import { toWritError } from '@writ/contracts';
import type { Trouble } from './dependencies.ts';
import { kept } from './kept.ts';

/** A part by name, and what is wrong with it now; `undefined` when nothing is. */
export type Probe = { readonly part: string; readonly check: () => Promise<string | undefined> };

const KEPT_MS = 1_000;

export type Health = {
  /** Looks, or answers what was found a moment ago. */
  troubles(): Promise<readonly Trouble[]>;
  /** What was found last; looks again in the background when that is old. */
  last(): readonly Trouble[];
};

export function openHealth(probes: readonly Probe[], nowMs: () => number): Health {
  let found: readonly Trouble[] = [{ part: 'api', message: 'starting' }];

  async function look(): Promise<readonly Trouble[]> {
    const messages = await Promise.all(probes.map(({ check }) => check().catch(messageOf)));
    found = probes.flatMap(({ part }, i) =>
      messages[i] === undefined ? [] : [{ part, message: messages[i] }],
    );
    return found;
  }

  const troubles = kept(look, { forMs: KEPT_MS, nowMs });
  return {
    troubles,
    last() {
      void troubles();
      return found;
    },
  };
}

/** Everybody may read it: what is not ours to explain stays in the log. */
function messageOf(thrown: unknown): string {
  return toWritError(thrown).message;
}
