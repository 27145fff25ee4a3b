/**
 * A server of ours that is started again when it dies.
 * 1. It comes back on the port it had, so that roles reconnect by themselves.
 * 2. Between tries it waits longer each time; after too many quick deaths it is given up.
 * 3. After `stop` nothing is started any more, and nothing of it runs.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@writ/bus';
import { CliFailure, exitCodes } from '../failure.ts';
import { untilAborted } from './signals.ts';

export type Server = {
  readonly url: string;
  readonly pid: number;
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
};

export type Supervision<S extends Server> = {
  readonly name: string;
  /** Starts it, on this port when one is given. */
  readonly start: (port: number | undefined) => Promise<S>;
  readonly log: Logger;
  readonly onGivenUp: (failure: CliFailure) => void;
};

export type Supervised<S extends Server> = { readonly server: () => S; stop(): Promise<void> };

const QUICK_MS = 10_000;
const QUICK_DEATHS = 5;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

export async function superviseServer<S extends Server>(
  options: Supervision<S>,
): Promise<Supervised<S>> {
  let server = await options.start(undefined);
  const port = Number(new URL(server.url).port);
  const stopping = new AbortController();
  const watching = watch();

  async function watch(): Promise<void> {
    let quickDeaths = 0;
    let startedMs = Date.now();
    let alive = true;
    for (;;) {
      if (alive) await Promise.race([server.exited, untilAborted(stopping.signal)]);
      if (stopping.signal.aborted) return;
      quickDeaths = Date.now() - startedMs < QUICK_MS ? quickDeaths + 1 : 1;
      if (quickDeaths >= QUICK_DEATHS) return options.onGivenUp(givenUp(options.name));
      options.log.warn(
        { server: options.name, quickDeaths },
        `${options.name} ended unexpectedly and is started again`,
      );
      const waitMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (quickDeaths - 1));
      await pause(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      startedMs = Date.now();
      alive = await restart();
    }
  }

  /** Whether it runs again. */
  async function restart(): Promise<boolean> {
    try {
      server = await options.start(port);
      options.log.info({ server: options.name, pid: server.pid }, `${options.name} is back`);
      return true;
    } catch (error) {
      options.log.error(
        { server: options.name, err: error },
        `${options.name} could not be started again`,
      );
      return false;
    }
  }

  return {
    server: () => server,
    async stop() {
      stopping.abort();
      await watching;
      await server.stop();
    },
  };
}

function givenUp(name: string): CliFailure {
  return new CliFailure(
    exitCodes.unreachable,
    `${name} ended ${QUICK_DEATHS} times right after its start; its log in the data directory says why`,
  );
}
