/**
 * Denials of one key: recorded one by one up to a bound in each second, and counted together beyond it, so that a
 * caller who is refused over and over can not fill the decision log.
 */
import type { DecisionDenials, DecisionInputs, DenyCode } from '@writ/contracts';
import { decisionIdAt } from '../decide/decision-id.ts';

/** Denials of a key that are recorded one by one within a second. */
export const DENIALS_PER_SECOND = 100;
const SECOND_MS = 1000;
const EXAMPLES = 5;
/** Keys that are looked after at a time. */
const MAX_KEYS = 10_000;

/** Who was denied. */
export type Denied = { readonly tenant: string; readonly keyId: string };
export type Denial = {
  readonly code: DenyCode;
  readonly request: Pick<DecisionInputs['request'], 'agentId' | 'action' | 'resource'>;
};

type Counted = Omit<DecisionDenials, 'kind' | 'governor' | 'boot' | 'n'>;
type Tally = { readonly denied: Denied; second: number; listed: number; counted?: Counted };

/** Takes the JSON of a `denials` record after its number. */
export type Write = (tenant: string, tail: string) => void;

export class Denials {
  readonly #write: Write;
  readonly #perSecond: number;
  readonly #tallies = new Map<string, Tally>();
  #timer: NodeJS.Timeout | undefined;

  constructor(write: Write, perSecond: number = DENIALS_PER_SECOND) {
    this.#write = write;
    this.#perSecond = perSecond;
  }

  /** Counts a denial: `undefined` when it is to be recorded by itself, else the id that its answer carries. */
  count(denied: Denied, denial: Denial, nowMs: number): string | undefined {
    const tally = this.#tallyOf(denied, Math.floor(nowMs / SECOND_MS));
    if (tally.listed < this.#perSecond) {
      tally.listed += 1;
      return undefined;
    }
    tally.counted ??= {
      decisionId: decisionIdAt(nowMs),
      keyId: denied.keyId,
      fromMs: nowMs,
      untilMs: nowMs,
      count: 0,
      codes: {},
      examples: [],
    };
    add(tally.counted, denial, nowMs);
    this.#timer ??= setTimeout(() => this.flush(), SECOND_MS);
    return tally.counted.decisionId;
  }

  /** Records what was counted so far. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const tally of this.#tallies.values()) this.#close(tally);
    this.#tallies.clear();
  }

  #tallyOf(denied: Denied, second: number): Tally {
    const key = `${denied.tenant} ${denied.keyId}`;
    const known = this.#tallies.get(key);
    if (known === undefined) {
      if (this.#tallies.size >= MAX_KEYS) this.flush();
      const tally = { denied, second, listed: 0 };
      this.#tallies.set(key, tally);
      return tally;
    }
    if (known.second !== second) {
      this.#close(known);
      known.second = second;
      known.listed = 0;
    }
    return known;
  }

  #close(tally: Tally): void {
    if (tally.counted === undefined) return;
    this.#write(tally.denied.tenant, `,${JSON.stringify(tally.counted).slice(1)}`);
    delete tally.counted;
  }
}

function add(counted: Counted, { code, request }: Denial, nowMs: number): void {
  counted.count += 1;
  counted.untilMs = nowMs;
  counted.codes[code] = (counted.codes[code] ?? 0) + 1;
  if (counted.examples.length >= EXAMPLES) return;
  const { agentId, action, resource } = request;
  counted.examples.push({ agentId, action, resource: `${resource.type}:${resource.id}` });
}
