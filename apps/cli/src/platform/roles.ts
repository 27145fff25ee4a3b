/** The roles by name, each loaded only where it runs. */
import type { Logger, RunningRole, Secrets } from '@writ/bus';
import type { RoleName } from './role-names.ts';

/** What a role may need to know; each takes its part. */
export type RoleSurroundings = {
  readonly secrets: Secrets;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly tenant: string;
  readonly version: string;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string | undefined;
  };
  /** The address of the module with the installation's own checks of results. */
  readonly checks: string | undefined;
  readonly log: Logger;
};

export type StartRole = (surroundings: RoleSurroundings) => Promise<RunningRole>;

/** The roles that read or write the read models. */
export const rolesWithDatabase: readonly RoleName[] = ['commander', 'projector', 'api'];

/** Loads a role's code, so that starting it later does not wait for that. */
export const loadRole: { readonly [N in RoleName]: () => Promise<StartRole> } = {
  gatekeeper: async () => (await import('@writ/gatekeeper')).startGatekeeper,
  commander: async () => (await import('@writ/commander')).startCommander,
  governor: async () => {
    const { startGovernor } = await import('@writ/governor');
    return ({ checks, ...surroundings }) =>
      startGovernor({ ...surroundings, ...(checks === undefined ? {} : { checks }) });
  },
  projector: async () => (await import('@writ/projector')).startProjector,
  snapshotter: async () => (await import('@writ/snapshotter')).startSnapshotter,
  api: async () => {
    const { startApi } = await import('@writ/api');
    return ({ http, ...surroundings }) =>
      startApi({
        ...surroundings,
        httpHost: http.host,
        httpPort: http.port,
        publicUrl: http.publicUrl,
      });
  },
};
