/** The client: what an agent, or the people who run agents, can do over one API key. */
import type { EvaluationReply, EventName, ValidationReply } from '@writ/contracts';
import { commandSender } from './commands.ts';
import { trackFreshness } from './freshness.ts';
import { type Execution, govern, type GovernedWork } from './governance.ts';
import { type HistoryQuery, readHistory } from './history.ts';
import { type Link, openLink } from './link.ts';
import { type EventFilter, type EventSubscription, listen } from './live-events.ts';
import type { LoggedEvent } from './logged-event.ts';
import { NamedCommands } from './named-commands.ts';
import type { AskOptions, CallOptions, ConnectOptions } from './options.ts';
import {
  askPermission,
  askPermissions,
  askValidation,
  type Asking,
  type BatchSemantic,
  type Permission,
  type ResultToValidate,
} from './questions.ts';

/** How one question differs from the plain case. */
export type PermissionOptions = AskOptions & {
  readonly context?: Readonly<Record<string, unknown>>;
};

/**
 * One connection to the bus under one API key.
 *
 * Commands are stored at most once: each has an idempotency key, kept over retries. Errors that may pass are retried
 * with growing waits; what remains is thrown as a `WritError` with a `code`. The connection reconnects for ever.
 */
export class Writ extends NamedCommands {
  readonly #link: Link;
  readonly #asking: Asking;

  private constructor(link: Link, options: ConnectOptions) {
    const freshness = trackFreshness();
    super(commandSender(link, freshness));
    this.#link = link;
    this.#asking = { link, freshness, readYourWrites: options.readYourWrites ?? true };
  }

  /** Connects; throws `UNAUTHENTICATED` for a key that is refused and `BUS_UNAVAILABLE` when nothing answers. */
  static async connect(options: ConnectOptions): Promise<Writ> {
    return new Writ(await openLink(options), options);
  }

  /** The public id of the API key. */
  get keyId(): string {
    return this.#link.keyId;
  }

  get tenant(): string {
    return this.#link.tenant;
  }

  /** The newest consistency token this client was given; pass it to another client as `atLeast`. */
  get token(): string | undefined {
    return this.#asking.freshness.token;
  }

  /** Asks whether an agent may do an action on a resource (`<type>:<id>`); the answer holds for this moment only. */
  checkPermission(
    agentId: string,
    action: string,
    resource: string,
    options: PermissionOptions = {},
  ): Promise<EvaluationReply> {
    const { context, ...rest } = options;
    return askPermission(
      this.#asking,
      { agentId, action, resource, ...(context ? { context } : {}) },
      rest,
    );
  }

  /** Asks several questions at once; the answers come in the order of the questions. */
  checkPermissions(
    permissions: readonly Permission[],
    options: AskOptions & { readonly semantic?: BatchSemantic } = {},
  ): Promise<EvaluationReply[]> {
    return askPermissions(this.#asking, permissions, options);
  }

  /** Asks whether a result may be used; with `redact` the answer holds the result that may. */
  validateResult(result: ResultToValidate, options: CallOptions = {}): Promise<ValidationReply> {
    return askValidation(this.#asking, result, options);
  }

  /**
   * Asks, announces the execution, runs `work` and reports how it ended and how long it took.
   * Throws `PermissionDenied` without running `work` when the answer is not an allow, and what `work` throws. Work that
   * can not be announced is not run; what was allowed is reported as cancelled, which gives back the use of a limited
   * grant, but not an approval.
   */
  withGovernance<T>(
    agentId: string,
    action: string,
    work: (execution: Execution) => T | Promise<T>,
    options: Omit<GovernedWork, 'agentId' | 'action'>,
  ): Promise<T> {
    const ask = (permission: Permission, ask: AskOptions): Promise<EvaluationReply> =>
      askPermission(this.#asking, permission, ask);
    return govern({ ask, send: this.command }, { ...options, agentId, action }, work);
  }

  /** Calls `handler` for each event as it is committed; resolves when the bus has taken the subscription. */
  onEvent<N extends EventName = EventName>(
    filter: EventFilter<N>,
    handler: (event: LoggedEvent<N>) => void | Promise<void>,
  ): Promise<EventSubscription> {
    return listen(this.#link, filter, handler);
  }

  /** Reads the log from the beginning, or from where the query says, in its order. */
  history<N extends EventName = EventName>(
    query: HistoryQuery<N> = {},
    options: CallOptions = {},
  ): AsyncGenerator<LoggedEvent<N>, void, undefined> {
    return readHistory(this.#asking, query, options);
  }

  /** Lets requests and handlers that are under way finish, then closes the connection. */
  close(): Promise<void> {
    return this.#link.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
