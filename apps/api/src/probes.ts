/** What must hold for the API to be ready. */
import type { Requester } from '@writ/bus';
import { toWritError } from '@writ/contracts';
import type { EventHub } from './events/hub.ts';
import type { Probe } from './health.ts';
import type { Overview, ProjectionProgress } from './overview.ts';

/** So far behind the log, lists are history: a rebuild is running, or no projector is. */
const MAX_LAG = 50_000;
/** Roles that whoever asks the API needs. Projectors show in the read models; a snapshotter spares time only. */
const neededRoles = ['gatekeeper', 'commander', 'governor'];

type Parts = {
  readonly bus: Pick<Requester, 'connected'>;
  readonly keyring: { readonly done: Promise<void> };
  readonly hub: Pick<EventHub, 'done'>;
  readonly overview: () => Promise<Overview>;
};

export function probesOf({ bus, keyring, hub, overview }: Parts): Probe[] {
  return [
    {
      part: 'nats',
      check: async () => (bus.connected ? undefined : 'the connection is lost and being restored'),
    },
    { part: 'keys', check: failureOf(keyring.done) },
    { part: 'log', check: failureOf(hub.done) },
    { part: 'read models', check: async () => readModelTrouble(await overview()) },
    { part: 'roles', check: async () => roleTrouble(await overview()) },
  ];
}

/** Which projections are too far behind, or will not go on by themselves, and by how much. */
function readModelTrouble({ failure, projections }: Overview): string | undefined {
  if (failure !== null) return failure;
  const troubles = projections.flatMap((projection) => troubleOf(projection) ?? []);
  return troubles.length === 0 ? undefined : troubles.join(', ');
}

function troubleOf({ projection, position, behind, state }: ProjectionProgress) {
  const distance = behind === null ? '' : `, ${behind} events behind`;
  const stuck = state === 'paused' || state === 'halted';
  if (stuck)
    return `\`${projection}\` is ${state} after ${position}${distance}; \`writ doctor\` says why`;
  if (behind === null || behind <= MAX_LAG) return undefined;
  return `\`${projection}\` is ${behind} events behind${state === 'unattended' ? '; is a projector running?' : ''}`;
}

/** A role whose processes are all there and none of which can do its work. One that is not there says nothing. */
function roleTrouble({ roles }: Overview): string | undefined {
  const idle = roles.filter(({ role, ready }) => neededRoles.includes(role) && ready === 0);
  if (idle.length === 0) return undefined;
  return `no ${idle.map(({ role }) => role).join(', no ')} is ready; \`writ doctor\` says why`;
}

/** What ended a follower; one that goes on has no failure. */
function failureOf(done: Promise<void>): Probe['check'] {
  let failure: string | undefined;
  done.catch((thrown: unknown) => {
    failure = toWritError(thrown).message;
  });
  return async () => failure;
}
