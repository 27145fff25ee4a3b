/** Command lines run in this process, against an API that the test writes. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { runProgram } from './program.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Runs a command line in this process, against an API at this port. */
export async function writ(args: readonly string[], port = 1) {
  let [stdout, stderr] = ['', ''];
  const host = {
    variables: {
      WRIT_HTTP_PORT: String(port),
      WRIT_DATA_DIR: '/nowhere/writ',
      WRIT_API_KEY: 'writ_abcdefghij_secret',
    },
    stdout: { write: (text: string) => void (stdout += text) },
    stderr: { write: (text: string) => void (stderr += text) },
    interrupted: () => new AbortController().signal,
    exitCode: 0 as 0 | 1 | 2 | 3,
  };
  await runProgram(host, args);
  return { exitCode: host.exitCode, stdout, stderr };
}

/** An API that gives one answer; its port. */
export async function answering(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  closers.push(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return (server.address() as AddressInfo).port;
}

/** An answer of the API. */
export function json(status: number, body: unknown): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}
