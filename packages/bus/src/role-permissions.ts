/**
 * What each role's user may do, as narrow as its work: a connection that answers requests publishes to inboxes only,
 * and only the operator may change, purge or delete streams.
 */
import type { UserName } from './secrets.ts';
import { segmentSubject } from './segment-names.ts';

export type Rights = { readonly publish: readonly string[]; readonly subscribe: readonly string[] };

/** Where replies to a role's own requests arrive. Key ids have at least ten characters, so `role` is never one of them. */
export function inboxOf(user: UserName): string {
  return `_INBOX.role.${user}`;
}

/**
 * How many segments of the log the roles may read. The permissions are part of the servers' configuration and do not
 * grow with the log, and a wildcard would open every stream; so they name the segments that are still to come as well.
 */
export const GRANTED_SEGMENTS = 64;

const segments = Array.from({ length: GRANTED_SEGMENTS }, (_, index) => `EVENTS-${index + 1}`);

const answers = ['_INBOX.>'];

/** Where roles tell each other how they are; `_` stands where a tenant would. */
export const ROLE_REPORTS = 'writ._.role.>';

export function roleReportSubject(role: string, instance: string): string {
  return `writ._.role.${role}.${instance}`;
}

/** Reading a stream: its state, messages by sequence and subject, and an ephemeral consumer of one's own. */
function reads(...streams: readonly string[]): string[] {
  return streams.flatMap((stream) => [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}.>`,
    `$JS.API.CONSUMER.CREATE.${stream}.*`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
  ]);
}

/** Writing to the log: to whichever segment takes events. */
function intoLog(ingest: string): string[] {
  return segments.map((_, index) => segmentSubject(ingest, 'writ.*.evt.>', index + 1));
}

/** Reading the log: all of its segments, and which there are. */
const readsLog = ['$JS.API.STREAM.NAMES', ...reads(...segments)];

/** Fetching single messages of a stream from its leader. */
function gets(stream: string): string[] {
  return [`$JS.API.STREAM.INFO.${stream}`, `$JS.API.STREAM.MSG.GET.${stream}`];
}

/** Taking from a durable consumer that the topology made: acknowledgements in the form of today and of 2.15. */
function takes(stream: string, consumer: string): string[] {
  return [
    `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
    `$JS.ACK.${stream}.${consumer}.>`,
    `$JS.ACK.*.*.${stream}.${consumer}.>`,
  ];
}

/** The rights of a user; `undefined` means all of the account. */
export function rightsOf(user: UserName, ingest: string): Rights | undefined {
  const own = `${inboxOf(user)}.>`;
  const into = (kind: string) => `_writ.${ingest}.*.${kind}.>`;
  const reports = roleReportSubject(user.split('-')[0] ?? '', '*');
  switch (user) {
    case 'operator':
      return undefined;
    case 'gatekeeper-callout':
      return { publish: ['$SYS._INBOX.>'], subscribe: ['$SYS.REQ.USER.AUTH'] };
    case 'gatekeeper-sys':
      return {
        publish: ['$SYS.REQ.SERVER.PING.CONNZ', '$SYS.REQ.SERVER.*.KICK'],
        subscribe: [own],
      };
    case 'gatekeeper-store':
      return { publish: [...readsLog, reports], subscribe: [own] };
    case 'snapshotter-store':
      return {
        publish: [...readsLog, ...gets('SNAPSHOTS'), into('snapshot'), reports],
        subscribe: [own],
      };
    case 'commander-answer':
      return { publish: answers, subscribe: [own, '$SRV.>', 'writ.*.cmd.>', 'writ.*.gov.*.*'] };
    case 'commander-store':
      return {
        publish: [
          ...readsLog,
          ...reads('OPS'),
          ...gets('SNAPSHOTS'),
          ...takes('INBOX', 'commander'),
          ...takes('OPS', 'dead-letters'),
          // What nobody ever finished is fetched by its sequence.
          '$JS.API.STREAM.MSG.GET.INBOX',
          ...intoLog(ingest),
          into('ops'),
          reports,
        ],
        subscribe: [own],
      };
    case 'governor-answer':
      return {
        publish: answers,
        subscribe: [
          own,
          '$SRV.>',
          ...['permission', 'permissions', 'validation'].map((q) => `writ.*.ask.*.${q}`),
        ],
      };
    case 'governor-store':
      return {
        publish: [
          ...readsLog,
          ...reads('DECISIONS'),
          ...gets('SNAPSHOTS'),
          into('dec'),
          'writ.*.gov.*.*',
          reports,
        ],
        subscribe: [own],
      };
    case 'projector-store':
      return { publish: [...readsLog, ...reads('DECISIONS', 'OPS'), reports], subscribe: [own] };
    case 'api-answer':
      return {
        publish: answers,
        subscribe: [own, '$SRV.>', 'writ.*.ask.*.events', 'writ.*.ask.*.agents'],
      };
    case 'api-store':
      return {
        publish: [
          ...readsLog,
          ...reads('DECISIONS', 'OPS'),
          'writ.*.cmd.>',
          'writ.*.ask.>',
          reports,
        ],
        subscribe: [own, 'writ.*.evt.>', ROLE_REPORTS],
      };
  }
}
