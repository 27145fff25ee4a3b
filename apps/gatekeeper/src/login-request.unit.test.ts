import { describe, expect, test } from 'vitest';
import { readLoginRequest } from './login-request.ts';

function request(claims: unknown): Uint8Array {
  return new TextEncoder().encode(
    `header.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`,
  );
}

const nats = {
  user_nkey: 'UUSER',
  server_id: { id: 'NSERVER', name: 's1' },
  connect_opts: { auth_token: 'secret', name: 'worker' },
  client_info: { host: '127.0.0.1', id: 7 },
};

describe('a login request', () => {
  test('says who asks, for which connection, with what', () => {
    expect(readLoginRequest(request({ nats }))).toEqual({
      userNkey: 'UUSER',
      serverId: 'NSERVER',
      token: 'secret',
      connectionName: 'worker',
      host: '127.0.0.1',
    });
  });

  test('may come without a token, as that of a user with a password does', () => {
    expect(
      readLoginRequest(request({ nats: { ...nats, connect_opts: { user: 'x', pass: 'y' } } })),
    ).toHaveProperty('token', undefined);
  });

  test.each([
    ['no JWT', new TextEncoder().encode('hello')],
    ['not JSON inside', new TextEncoder().encode('a.e30x.c')],
    ['of another shape', request({ nats: {} })],
  ])('is none when it is %s', (_, data) => {
    expect(readLoginRequest(data)).toBeUndefined();
  });
});
