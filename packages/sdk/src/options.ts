/** How to connect, and how to make one call. Times are in milliseconds. */

export type ConnectOptions = {
  /** Where the bus is, e.g. `nats://127.0.0.1:4222`; several servers of one cluster are separated by commas. */
  readonly url: string;
  /** `writ_<key>_<secret>` as `create-key` returned it. */
  readonly apiKey: string;
  /** The tenant the key belongs to; `default` when left out. */
  readonly tenant?: string;
  /** What the connection is called in the bus's monitoring; the program's name is a good choice. */
  readonly name?: string;
  /** The longest a single try of a call may take; 5000 when left out. */
  readonly timeoutMs?: number;
  /** How many times a call is tried again after an error that may pass; 4 when left out, 0 for never. */
  readonly retries?: number;
  /** Wait for a bus that is not there yet instead of failing at once; false when left out. */
  readonly waitForBus?: boolean;
  /** Send the newest consistency token of this client with each question, so that it sees its own commands; true when left out. */
  readonly readYourWrites?: boolean;
  /** Ties together what this client does; for calls that name no correlation id of their own. */
  readonly correlationId?: string;
  /** Told when the connection is lost, comes back, or is refused; for logs. */
  readonly onStatus?: (status: ConnectionStatus) => void;
};

export type ConnectionStatus = {
  readonly state: 'connected' | 'disconnected' | 'refused' | 'closed';
  readonly detail?: string;
};

export type CallOptions = {
  readonly timeoutMs?: number;
  readonly retries?: number;
  /** Ends the call, and its retries, early; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Ties events together across agents, e.g. the id of the user's request. */
  readonly correlationId?: string;
  /** W3C trace context to continue. */
  readonly traceparent?: string;
};

export type CommandOptions = CallOptions & {
  /** Under which the command is stored at most once; made up, and kept over retries, when left out. */
  readonly idempotencyKey?: string;
};

export type AskOptions = CallOptions & {
  /** A token of another client's reply: decide on a state at least that fresh. */
  readonly atLeast?: string;
  /** `required` has the decision recorded before it is answered. */
  readonly record?: 'buffered' | 'required';
  /** How long to wait for a person's approval where one is required; at most 60000. */
  readonly waitForApprovalMs?: number;
};
