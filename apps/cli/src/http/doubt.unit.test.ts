import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { answering, json, writ } from '../program.fixture.ts';

const suspend = ['agents', 'suspend', 'town:a'];

function keyOf(request: IncomingMessage): string {
  return String(request.headers['idempotency-key']);
}

/** Runs a command against an API that answers so; what it said, and the key it was given under. */
async function command(answer: RequestListener) {
  let key = '';
  const port = await answering((request, response) => {
    key = keyOf(request);
    answer(request, response);
  });
  return { ...(await writ(suspend, port)), key };
}

/** Loses the connection when the whole request is there. */
const breaksOff: RequestListener = (request) =>
  void request.resume().on('end', () => request.socket.destroy());

const proxyError: RequestListener = (_request, response) =>
  void response.writeHead(502, { 'content-type': 'text/html' }).end('<html>bad gateway</html>');

const doubts: [string, RequestListener][] = [
  ['a connection that breaks off', breaksOff],
  ['a proxy that got no answer', proxyError],
];
for (const code of [
  'TIMEOUT',
  'LOG_UNAVAILABLE',
  'BUS_UNAVAILABLE',
  'STORE_UNAVAILABLE',
  'INTERNAL',
])
  doubts.push([code, json(503, { code, detail: 'it went wrong' })]);

test.each(doubts)(
  '%s leaves a command in doubt, and the key to repeat it with is named',
  async (_what, answer) => {
    const { exitCode, stderr, key } = await command(answer);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(
      `it may have been done: to be sure, repeat it with \`--idempotency-key ${key}\``,
    );
  },
);

test.each(['SERVICE_UNAVAILABLE', 'OVERLOADED', 'CLOCK_SKEW', 'LOG_FULL'])(
  '%s means that nothing was done',
  async (code) => {
    const { exitCode, stderr } = await command(json(503, { code, detail: 'not now' }));
    expect([exitCode, stderr]).toEqual([3, 'error: not now\n']);
  },
);

test('where nobody listens nothing was done', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const { exitCode, stderr } = await writ(suspend, port);
  expect([exitCode, stderr]).toEqual([
    3,
    `error: nothing answers at \`http://127.0.0.1:${port}\`; start it with \`npm start\` or \`writ up\`\n`,
  ]);
});

test('what gives two commands gives both under the key that it names', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'writ-publish-'));
  await writeFile(join(folder, 'a.cedar'), 'forbid (principal, action, resource);');
  const keys: string[] = [];
  const port = await answering((request, response) => {
    keys.push(keyOf(request));
    const published = { ok: true, seq: 1, token: 't', events: [], result: { version: '1' } };
    if (request.url === '/v1/policies') json(200, published)(request, response);
    else breaksOff(request, response);
  });
  const { exitCode, stderr } = await writ(['policies', 'publish', folder, '--activate'], port);
  await rm(folder, { recursive: true });
  expect([exitCode, keys.length, new Set(keys).size]).toEqual([3, 2, 1]);
  expect(stderr).toContain(`--idempotency-key ${keys[0]}\``);
});

test('a time from now is named as it was understood', async () => {
  let said = { expiresAt: '' };
  const port = await answering((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      said = JSON.parse(Buffer.concat(parts).toString()) as typeof said;
      response.destroy();
    });
  });
  const { stderr } = await writ(['keys', 'create', 'worker', '--expires', '30d'], port);
  expect(stderr).toMatch(
    new RegExp(`repeat it with \`--idempotency-key [0-9a-f-]{36} --expires ${said.expiresAt}\`\n$`),
  );
});
