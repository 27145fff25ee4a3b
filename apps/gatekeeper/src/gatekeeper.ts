/**
 * The gatekeeper: decides who may connect to the bus, and closes the connections of keys that are revoked.
 *
 * It holds the pepper and the issuer's seed, and answers the server's question about every login that is not a role's.
 * Several gatekeepers share the questions as a queue group; with none running nobody but roles can connect.
 */
import { setTimeout as wait } from 'node:timers/promises';
import {
  connectAs,
  type Logger,
  openEventStore,
  openKeyring,
  reporting,
  type RunningRole,
  type Secrets,
} from '@writ/bus';
import { createBouncer } from './bouncer.ts';
import { createDesk } from './desk.ts';
import { accountKeyOf } from './nkey.ts';

const FLUSH_MS = 1_000;

export type GatekeeperOptions = {
  readonly secrets: Secrets;
  /** One address or several separated by commas. */
  readonly natsUrl: string;
  readonly log: Logger;
};

/** Starts a gatekeeper; it answers logins when this resolves. */
export async function startGatekeeper({
  secrets,
  natsUrl,
  log,
}: GatekeeperOptions): Promise<RunningRole> {
  const issuer = accountKeyOf(secrets.issuerSeed);
  const connections = await Promise.all([
    connectAs(secrets, 'gatekeeper-store', { servers: natsUrl }),
    connectAs(secrets, 'gatekeeper-sys', { servers: natsUrl }),
    connectAs(secrets, 'gatekeeper-callout', { servers: natsUrl }),
  ]);
  const [storeConnection, systemConnection, calloutConnection] = connections;
  const store = openEventStore({
    connection: storeConnection,
    cell: secrets.cell,
    ingest: secrets.ingest,
  });
  const keyring = openKeyring({
    store,
    pepper: secrets.pepper,
    onTrouble: (error) =>
      log.warn({ code: error.code, err: error }, 'the keys could not be followed for a moment'),
  });
  const bouncer = createBouncer(systemConnection, log);
  const desk = createDesk({ issuer, keyring, log });
  let state: ReturnType<RunningRole['ready']> = {
    ok: false,
    detail: 'reading the keys from the log',
  };
  const revoked = new Set<string>();
  keyring.onRevoked((key) => {
    revoked.add(key.keyId);
    // What was revoked before is found by the patrol.
    if (state.ok) bouncer.expel(key.keyId);
  });
  keyring.ready.then(
    () => {
      state = { ok: true };
      bouncer.patrol((keyId) => revoked.has(keyId));
    },
    () => undefined,
  );
  keyring.done.catch((error: unknown) => {
    state = { ok: false, detail: 'the keys can not be read from the log' };
    log.error(
      { err: error },
      'the keys can not be read from the log; nobody is let in until this role was upgraded or started again',
    );
  });
  const answering = new Set<Promise<unknown>>();
  const subscription = calloutConnection.subscribe('$SYS.REQ.USER.AUTH', {
    queue: 'gatekeeper',
    callback(error, message) {
      if (error) return log.error({ err: error }, 'logins can not be received');
      const answered = desk.answer(message.data).then(
        (answer) => answer !== undefined && message.respond(answer),
        (thrown: unknown) =>
          log.error({ err: thrown }, 'a login could not be answered and is refused'),
      );
      answering.add(answered);
      void answered.then(() => answering.delete(answered));
    },
  });
  await calloutConnection.flush();
  const role: RunningRole = {
    name: 'gatekeeper',
    ready: () => state,
    async stop() {
      subscription.unsubscribe();
      await Promise.all(answering);
      // With the servers gone there is nobody to hear the last answers.
      await Promise.race([
        calloutConnection.flush(),
        wait(FLUSH_MS, undefined, { ref: false }),
      ]).catch(() => undefined);
      await bouncer.stop();
      await keyring.stop();
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
  return reporting(role, () => storeConnection);
}
