/**
 * Answers logins.
 *
 * 1. Nobody is let in before the keys were read from the log once, which a login waits for a while; nor after they can
 *    not be followed any more.
 * 2. A key that is not known may have been made a moment ago: its login waits a moment for it.
 * 3. At most so many logins wait at a time; what comes beyond is judged at once.
 */
import { type Keyring, type Logger, parseApiKey, permissionsOfKey } from '@writ/bus';
import { judge, type Verdict } from './judge.ts';
import { admission, rejection, userJwt } from './jwt.ts';
import { type LoginRequest, readLoginRequest } from './login-request.ts';
import type { AccountKey } from './nkey.ts';
import { createRefusalLog } from './refusal-log.ts';

/** Both together are less than the server waits for an answer, so that a refusal arrives. */
const CATCH_UP_MS = 3_000;
const NEW_KEY_MS = 500;
const MOST_WAITING = 1_000;
const ACCOUNT = 'WRIT';

export type Desk = {
  /** Turns a request into its signed answer; `undefined` for what is no request. */
  answer(request: Uint8Array): Promise<string | undefined>;
};

export type DeskOptions = {
  readonly issuer: AccountKey;
  readonly keyring: Pick<Keyring, 'ready' | 'done' | 'get' | 'verify' | 'onChanged'>;
  readonly log: Logger;
};

export function createDesk({ issuer, keyring, log }: DeskOptions): Desk {
  const refusals = createRefusalLog(log);
  const waiting = createWaitingRoom();
  let caughtUp = false;
  keyring.done.catch(() => {
    caughtUp = false;
  });
  keyring.ready.then(
    () => {
      caughtUp = true;
      waiting.call('');
    },
    () => undefined,
  );
  keyring.onChanged((key) => waiting.call(key.keyId));

  async function untilKnown(token: string | undefined): Promise<void> {
    if (!caughtUp) await waiting.until('', CATCH_UP_MS);
    const keyId = token === undefined ? undefined : parseApiKey(token)?.keyId;
    if (caughtUp && keyId !== undefined && !keyring.get(keyId))
      await waiting.until(keyId, NEW_KEY_MS);
  }

  function decide(request: LoginRequest): string {
    const nowMs = Date.now();
    const verdict: Verdict = caughtUp
      ? judge(keyring, request.token, nowMs)
      : { admitted: false, keyId: null, reason: 'the keys are not read from the log' };
    return verdict.admitted ? admit(request, verdict, nowMs) : refuse(request, verdict, nowMs);
  }

  function admit(
    request: LoginRequest,
    { key }: Verdict & { admitted: true },
    nowMs: number,
  ): string {
    const { keyId, expiresAtMs } = key;
    const grant = {
      userNkey: request.userNkey,
      name: keyId,
      account: ACCOUNT,
      permissions: permissionsOfKey(key),
      expiresAtMs,
    };
    log.debug({ keyId, host: request.host, connection: request.connectionName }, 'login admitted');
    return admission(issuer, { ...request, jwt: userJwt(issuer, grant, nowMs) }, nowMs);
  }

  function refuse(
    request: LoginRequest,
    { keyId, reason }: Verdict & { admitted: false },
    nowMs: number,
  ): string {
    refusals.note(
      { keyId, reason, host: request.host, connectionName: request.connectionName },
      nowMs,
    );
    return rejection(
      issuer,
      { ...request, reason: keyId === null ? reason : `key ${keyId}: ${reason}` },
      nowMs,
    );
  }

  return {
    async answer(data) {
      const request = readLoginRequest(data);
      if (!request) {
        log.error(
          {},
          'the server asks about a login in a form this release does not know; check its version',
        );
        return undefined;
      }
      await untilKnown(request.token);
      return decide(request);
    },
  };
}

type WaitingRoom = {
  /** Resolves when the name is called, or after so many milliseconds; at once when the room is full. */
  until(name: string, ms: number): Promise<void>;
  call(name: string): void;
};

function createWaitingRoom(): WaitingRoom {
  const waiters = new Map<string, Set<() => void>>();
  let count = 0;
  return {
    until(name, ms) {
      if (count >= MOST_WAITING) return Promise.resolve();
      count++;
      const named = waiters.get(name) ?? new Set();
      waiters.set(name, named);
      return new Promise((resolve) => {
        const leave = (): void => {
          clearTimeout(timer);
          count--;
          named.delete(leave);
          if (named.size === 0) waiters.delete(name);
          resolve();
        };
        const timer = setTimeout(leave, ms);
        named.add(leave);
      });
    },
    call(name) {
      for (const leave of [...(waiters.get(name) ?? [])]) leave();
    },
  };
}
