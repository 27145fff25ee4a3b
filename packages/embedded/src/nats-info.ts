import { connect } from 'node:net';

const timeoutMs = 2_000;

/** The `INFO` a NATS server greets with, or `undefined` when nothing that speaks NATS answers there. */
export async function readNatsInfo(port: number): Promise<Record<string, unknown> | undefined> {
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const done = (info: Record<string, unknown> | undefined): void => {
      socket.destroy();
      resolve(info);
    };
    let said = '';
    socket.setTimeout(timeoutMs, () => done(undefined));
    socket.once('error', () => done(undefined)).once('close', () => done(undefined));
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.includes('\r\n')) done(parseInfo(said));
    });
  });
}

function parseInfo(greeting: string): Record<string, unknown> | undefined {
  const info = /^INFO (\{.*\})/.exec(greeting)?.[1];
  try {
    return info === undefined ? undefined : (JSON.parse(info) as Record<string, unknown>);
  } catch {
    return undefined;
  }
}
