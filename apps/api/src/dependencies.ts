/** What the routes work with; the composition root makes it, tests may give parts of it. */
import type { EventStore, Keyring, KeyRecord, Requester, RoleReports } from '@writ/bus';
import type { WritError } from '@writ/contracts';
import type { EventHub } from './events/hub.ts';
import type { OpenStreams } from './events/open-stream.ts';
import type { Metrics, ObservedRequest } from './metrics.ts';
import type { Overview } from './overview.ts';
import type { ReadSide } from './reads/read-side.ts';

export type ApiDependencies = {
  readonly bus: Requester;
  readonly events: EventStore;
  readonly hub: EventHub;
  readonly streams: OpenStreams;
  readonly keyring: Pick<Keyring, 'verify' | 'get'>;
  readonly readSide: ReadSide;
  readonly metrics: Metrics;
  /** The address that others know the API by, without a closing slash. */
  readonly publicUrl: string | undefined;
  readonly nowMs: () => number;
  /** What keeps the API from being ready; empty when nothing does. */
  readonly troubles: () => Promise<readonly Trouble[]>;
  readonly roleReports: Pick<RoleReports, 'current'>;
  /** How far the read models are and which roles are there. */
  readonly overview: () => Promise<Overview>;
  readonly onKeyRevoked: (callback: (key: KeyRecord) => void) => () => void;
  readonly answered: (request: ObservedRequest & { readonly keyId: string | undefined }) => void;
  readonly reportFault: (error: WritError, operation: string) => void;
};

export type Trouble = { readonly part: string; readonly message: string };
