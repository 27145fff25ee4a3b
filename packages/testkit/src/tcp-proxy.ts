/** A way between a client and a server on loopback that can be made to lose or delay what the server says. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export type TcpProxy = {
  readonly port: number;
  /** How often clients have said something; a client that waits for answers says one thing at a time. */
  readonly said: number;
  /** From now on nothing of the server reaches the client; the client's bytes still arrive. */
  loseAnswers(): void;
  /** From now on what the server says arrives so much later. */
  delayAnswers(ms: number): void;
  /** Cuts every connection, so that the client connects anew, and loses and delays nothing any more. */
  heal(): void;
  stop(): Promise<void>;
};

/** Starts the proxy to a port of loopback. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let losing = false;
  let delayMs = 0;
  let said = 0;
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => {
      said++;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (losing) return;
      if (delayMs === 0) client.write(chunk);
      else setTimeout(() => client.writable && client.write(chunk), delayMs);
    });
  });
  const port = await listen(server);
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    get said() {
      return said;
    },
    loseAnswers: () => {
      losing = true;
    },
    delayAnswers: (ms) => {
      delayMs = ms;
    },
    heal: () => {
      losing = false;
      delayMs = 0;
      cut();
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
