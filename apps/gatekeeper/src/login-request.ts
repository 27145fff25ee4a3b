/** What the server asks when somebody wants to connect. */
import { z } from 'zod';

const claims = z.object({
  nats: z.object({
    user_nkey: z.string(),
    server_id: z.object({ id: z.string() }),
    connect_opts: z.object({ auth_token: z.string().optional(), name: z.string().optional() }),
    client_info: z.object({ host: z.string().optional(), id: z.number().optional() }).optional(),
  }),
});

export type LoginRequest = {
  readonly userNkey: string;
  readonly serverId: string;
  /** What was presented as the API key; a secret. */
  readonly token: string | undefined;
  readonly connectionName: string | undefined;
  readonly host: string | undefined;
};

/**
 * Reads a request; `undefined` when it is not one. Its signature needs no check: only the server can publish
 * in the account where it arrives.
 */
export function readLoginRequest(data: Uint8Array): LoginRequest | undefined {
  const body = new TextDecoder().decode(data).split('.')[1];
  if (body === undefined) return undefined;
  let decoded: unknown;
  try {
    decoded = JSON.parse(Buffer.from(body, 'base64url').toString());
  } catch {
    return undefined;
  }
  const parsed = claims.safeParse(decoded);
  if (!parsed.success) return undefined;
  const { user_nkey, server_id, connect_opts, client_info } = parsed.data.nats;
  return {
    userNkey: user_nkey,
    serverId: server_id.id,
    token: connect_opts.auth_token,
    connectionName: connect_opts.name,
    host: client_info?.host,
  };
}
