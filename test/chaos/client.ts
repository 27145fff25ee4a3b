/** One client of the platform as an SDK makes it: what it began it sends again until it has an answer. */
import { setTimeout as wait } from 'node:timers/promises';
import { type CommandAccepted, errorCatalogue, toWritError } from '@writ/contracts';
import {
  connect,
  type CommandInput,
  type CommandVerb,
  type EvaluationReply,
  type Writ,
} from '@writ/sdk';
import type { Ledger, Operation } from './ledger.ts';
import type { Random } from './random.ts';

export type ClientOptions = {
  readonly lane: string;
  readonly natsUrl: string;
  readonly adminKey: string;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Aborted when nothing may be begun any more and what has no answer is given up. */
  readonly giveUp: AbortSignal;
};

export type Ask = {
  readonly agentId: string;
  readonly action: string;
  readonly expected: 'allow' | 'deny';
  readonly required?: boolean;
};

const TRY_MS = 3000;
const PAUSE_MS = 100;
/** Denials of a governor in doubt; right whatever was asked. */
export const doubts: readonly string[] = [
  'STALE_STATE',
  'LOG_UNAVAILABLE',
  'OVERLOADED',
  'CLOCK_SKEW',
];

export class ChaosClient {
  readonly #options: ClientOptions;
  readonly #writ: Writ;
  #operations = 0;

  private constructor(options: ClientOptions, writ: Writ) {
    this.#options = options;
    this.#writ = writ;
  }

  static async connect(options: ClientOptions): Promise<ChaosClient> {
    const { natsUrl: url, adminKey: apiKey, lane } = options;
    return new ChaosClient(
      options,
      await connect({ url, apiKey, name: lane, timeoutMs: TRY_MS, waitForBus: true }),
    );
  }

  get lane(): string {
    return this.#options.lane;
  }

  /** Whether nothing is waited for any more. */
  get givenUp(): boolean {
    return this.#options.giveUp.aborted;
  }

  /** A name for something new of this lane. */
  name(prefix: string): string {
    return `${prefix}-${this.lane}-${this.#operations}`;
  }

  /** Opens an operation under a key of its own. */
  begin(verb: string): Operation {
    const key = `${this.lane}:${++this.#operations}`;
    return this.#options.ledger.open(this.lane, key, verb);
  }

  /** Sends a command until it is answered; sometimes twice at once, or once more after its answer. */
  async command<V extends CommandVerb>(verb: V, body: CommandInput<V>): Promise<boolean> {
    const operation = this.begin(verb);
    const send = () => this.#send(operation, verb, body);
    const chance = this.#options.random.next();
    const [first] = await Promise.all(chance < 0.05 ? [send(), send()] : [send()]);
    if (first && chance > 0.95) await send();
    return first ?? false;
  }

  /** Sends what must be refused, with this code. */
  async refused<V extends CommandVerb>(
    verb: V,
    body: CommandInput<V>,
    code: string,
  ): Promise<void> {
    const operation = this.begin(verb);
    await this.#send(operation, verb, body, code);
    if (operation.fate === 'acknowledged')
      this.#options.ledger.wrong.push(
        `\`${verb}\` under \`${operation.key}\` was taken although it must be refused with ${code}`,
      );
  }

  /** Asks, on a state that has everything this client was told. */
  async ask({ agentId, action, expected, required = false }: Ask): Promise<void> {
    const { ledger } = this.#options;
    const options = required ? { record: 'required' as const } : {};
    const reply = await this.persist(() =>
      this.#writ.checkPermission(agentId, action, 'dataset:sales', options),
    );
    if (reply === undefined) return;
    const { decision: allowed, context } = reply;
    const code = context.code;
    ledger.questions.push({
      decisionId: context.decisionId ?? '',
      agentId,
      action,
      allowed,
      code,
      required,
    });
    const said = describeAnswer({ agentId, action }, reply);
    if (allowed && expected === 'deny') ledger.allowedWrongly.push(said);
    if (!allowed && expected === 'allow' && !doubts.includes(code ?? '')) ledger.wrong.push(said);
  }

  /** Tries until it is done; `undefined` when that was given up, or it was refused for good. */
  async persist<T>(
    work: () => Promise<T>,
    onRefused?: (code: string, message: string) => void,
  ): Promise<T | undefined> {
    const { ledger, lane, giveUp } = this.#options;
    const sentMs = performance.now();
    while (!giveUp.aborted) {
      try {
        const done = await work();
        ledger.pulses.push({ lane, sentMs, doneMs: performance.now() });
        return done;
      } catch (thrown) {
        const { code, message } = toWritError(thrown);
        // A bus without gatekeepers turns every key away for a moment.
        const mayPass = code === 'UNAUTHENTICATED' || errorCatalogue[code].delivery !== 'terminal';
        if (!mayPass) {
          ledger.pulses.push({ lane, sentMs, doneMs: performance.now() });
          if (onRefused) onRefused(code, message);
          else ledger.wrong.push(`${lane}: ${code}: ${message}`);
          return undefined;
        }
        ledger.noteError(code);
      }
      await wait(PAUSE_MS);
    }
    return undefined;
  }

  close(): Promise<void> {
    return this.#writ.close();
  }

  async #send<V extends CommandVerb>(
    operation: Operation,
    verb: V,
    body: CommandInput<V>,
    refusal?: string,
  ): Promise<boolean> {
    const { ledger } = this.#options;
    const sendOnce = (): Promise<CommandAccepted> =>
      this.#writ.command(verb, body, { idempotencyKey: operation.key });
    const accepted = await this.persist(sendOnce, (code, message) => {
      if (operation.fate === 'unknown') operation.fate = 'refused';
      operation.code = code;
      if (code !== refusal)
        ledger.wrong.push(
          `\`${verb}\` under \`${operation.key}\` was refused: ${code}: ${message}`,
        );
    });
    if (accepted) ledger.acknowledge(operation, accepted);
    return accepted !== undefined;
  }
}

function describeAnswer(
  { agentId, action }: { agentId: string; action: string },
  { decision, context }: EvaluationReply,
): string {
  return `\`${action}\` by \`${agentId}\` was ${decision ? 'allowed' : `denied with ${context.code ?? 'no code'}`} in decision ${context.decisionId ?? '?'} at ${context.seq ?? '?'}`;
}
