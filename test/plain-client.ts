/** A client of the bus that uses nothing of ours: a stock NATS client with an API key as its token. */
import { connect, type NatsConnection, PermissionViolationError } from '@nats-io/transport-node';
import { eventually } from '@writ/testkit';

export type Client = {
  readonly keyId: string;
  readonly connection: NatsConnection;
  /** The subjects that the broker refused to this client. */
  readonly refused: Set<string>;
};

export type Reply = {
  readonly ok: boolean;
  readonly result?: { readonly keyId: string; readonly key: string };
  readonly events?: readonly { readonly id: string; readonly type: string }[];
};

/** Logs in with an API key. */
export async function login(
  natsUrl: string,
  token: string,
  more: { reconnect?: boolean } = {},
): Promise<Client> {
  const keyId = token.split('_')[1] ?? '';
  const connection = await connect({
    servers: natsUrl,
    token,
    inboxPrefix: `_INBOX.${keyId}`,
    ...more,
  });
  const refused = new Set<string>();
  void (async () => {
    for await (const status of connection.status())
      if (status.type === 'error' && status.error instanceof PermissionViolationError)
        refused.add(status.error.subject);
  })();
  return { keyId, connection, refused };
}

/** Gives a command; throws when it is refused. */
export async function command(
  { connection, keyId }: Client,
  verb: string,
  body: object,
): Promise<Reply> {
  const subject = `writ.default.cmd.${keyId}.${verb}`;
  const reply = await connection.request(subject, JSON.stringify(body), { timeout: 10_000 });
  const parsed = reply.json<Reply>();
  if (!parsed.ok) throw new Error(`refused: ${reply.string()}`);
  return parsed;
}

/** Publishes and waits for the broker's refusal. */
export async function expectPublishRefused({ connection, refused }: Client, subject: string) {
  connection.publish(subject, '{}');
  await connection.flush();
  await eventually(() => refused.has(subject));
}

export async function expectSubscribeRefused({ connection, refused }: Client, subject: string) {
  const subscription = connection.subscribe(subject, { callback: () => undefined });
  await connection.flush();
  await eventually(() => refused.has(subject));
  subscription.unsubscribe();
}
