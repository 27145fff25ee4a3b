/** NATS JWTs, signed with node:crypto: twenty times faster than in JavaScript, and a login waits for it. */
import { createHash, sign } from 'node:crypto';
import type { Permissions } from '@writ/bus';
import type { AccountKey } from './nkey.ts';

/** A connection's right to be there: whose it is, what it may do, until when. */
export type UserGrant = {
  /** The key pair the server made for the connection. */
  readonly userNkey: string;
  /** What the connection is known as to the server: the key id. */
  readonly name: string;
  /** The name of the account it is placed in. */
  readonly account: string;
  readonly permissions: Permissions;
  readonly expiresAtMs: number | null;
};

type Answer = { readonly userNkey: string; readonly serverId: string };

/** The user JWT of a connection. Times are whole seconds: it ends up to a second before the key. */
export function userJwt(issuer: AccountKey, grant: UserGrant, nowMs: number): string {
  const { pub, sub } = grant.permissions;
  return signed(
    issuer,
    {
      aud: grant.account,
      sub: grant.userNkey,
      name: grant.name,
      ...(grant.expiresAtMs === null ? {} : { exp: Math.floor(grant.expiresAtMs / 1000) }),
      nats: { pub, sub, subs: -1, data: -1, payload: -1, type: 'user', version: 2 },
    },
    nowMs,
  );
}

/** The answer that lets a connection in. */
export function admission(
  issuer: AccountKey,
  to: Answer & { readonly jwt: string },
  nowMs: number,
): string {
  return response(issuer, to, { jwt: to.jwt }, nowMs);
}

/** The answer that refuses a connection; the server logs the reason and tells the client nothing. */
export function rejection(
  issuer: AccountKey,
  to: Answer & { readonly reason: string },
  nowMs: number,
): string {
  return response(issuer, to, { error: to.reason }, nowMs);
}

function response(
  issuer: AccountKey,
  { userNkey, serverId }: Answer,
  said: object,
  nowMs: number,
): string {
  return signed(
    issuer,
    { aud: serverId, sub: userNkey, nats: { ...said, type: 'authorization_response', version: 2 } },
    nowMs,
  );
}

function signed(issuer: AccountKey, claims: object, nowMs: number): string {
  const whole = { ...claims, iss: issuer.publicKey, iat: Math.floor(nowMs / 1000) };
  const jti = createHash('sha256').update(JSON.stringify(whole)).digest('base64url');
  const text = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode({ ...whole, jti })}`;
  return `${text}.${sign(null, Buffer.from(text), issuer.privateKey).toString('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
