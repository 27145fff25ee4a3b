/** What must hold for the API to be ready. */
import type { Requester } from '@writ/bus';
import type { EventHub } from './events/hub.ts';
import type { Probe } from './health.ts';
import type { ReadSide } from './reads/read-side.ts';

/** So far behind the log, lists are history: a rebuild is running, or no projector is. */
const MAX_LAG = 50_000;

type Parts = {
  readonly bus: Pick<Requester, 'connected'>;
  readonly keyring: { readonly done: Promise<void> };
  readonly hub: Pick<EventHub, 'lastSeq'> & { readonly done: Promise<void> };
  readonly readSide: Pick<ReadSide, 'lags'>;
};

export function probesOf({ bus, keyring, hub, readSide }: Parts): Probe[] {
  return [
    {
      part: 'nats',
      check: async () => (bus.connected ? undefined : 'the connection is lost and being restored'),
    },
    { part: 'keys', check: failureOf(keyring.done) },
    { part: 'log', check: failureOf(hub.done) },
    {
      part: 'read models',
      async check() {
        const behind = [...(await readSide.lags(hub.lastSeq))].filter(([, lag]) => lag > MAX_LAG);
        if (behind.length === 0) return undefined;
        return `${behind.map(([name, lag]) => `${name} is ${lag} events behind`).join(', ')}; is a projector running?`;
      },
    },
  ];
}

/** What ended a follower; one that goes on has no failure. */
function failureOf(done: Promise<void>): Probe['check'] {
  let failure: string | undefined;
  done.catch((thrown: unknown) => {
    failure = thrown instanceof Error ? thrown.message : String(thrown);
  });
  return async () => failure;
}
