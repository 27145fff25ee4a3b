/** Ending a long-running process: the first signal asks, a later one forces. */

export type StopRequest = {
  /** Aborted by the first signal; its reason is the signal's name. */
  readonly signal: AbortSignal;
  /** Ends the process as a signal would. */
  request(reason: unknown): void;
  dispose(): void;
};

// npm passes Ctrl-C on to a process that the terminal has told already: two signals at once are one.
const SAME_MS = 1000;

/** Listens for the signals that end a process; `force` is called by one that comes after the first was understood. */
export function listenForStop(force: () => void): StopRequest {
  const controller = new AbortController();
  let firstMs = 0;
  const onSignal = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      firstMs = performance.now();
      controller.abort(name);
    } else if (performance.now() - firstMs > SAME_MS) force();
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    request: (reason) => controller.abort(reason),
    dispose() {
      for (const name of names) process.off(name, onSignal);
    },
  };
}

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
