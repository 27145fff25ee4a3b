/**
 * The name of a governor in the decision log: its machine and the lowest number that no governor of
 * the cell on this machine holds. The number is held by listening on an abstract socket, which the
 * system takes back with the process however it ends: so the next start has the name of the one
 * that crashed, and can say what that one may have lost.
 */
import { createServer, type Server } from 'node:net';
import { hostname } from 'node:os';

export type GovernorName = { readonly name: string; release(): void };

const MOST = 1000;

/** Takes the lowest free number; beyond Linux, where such sockets are, every governor is the first. */
export async function takeName(cell: string): Promise<GovernorName> {
  const machine = hostname()
    .replaceAll(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 48);
  for (let n = 1; n <= MOST; n++) {
    const name = `${machine}-${n}`;
    if (process.platform !== 'linux') return { name, release: () => undefined };
    const held = await listen(`\0writ/${cell}/governor/${n}`);
    if (held) return { name, release: () => held.close() };
  }
  throw new Error(`${MOST} governors of this cell run on this machine already`);
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ path, exclusive: true }, () => resolve(server));
  });
}
