import { expect, test } from 'vitest';
import { type Server, superviseServer } from './supervised-server.ts';
import type { CliFailure } from '../failure.ts';

type Life = Server & { readonly port: number | undefined; end(): void; stopped: boolean };

/** A server that lives until it is told to end. */
function startLife(port: number | undefined): Life {
  const exited = Promise.withResolvers<void>();
  const life: Life = {
    url: `nats://127.0.0.1:${port ?? 4711}`,
    pid: 1,
    port,
    stopped: false,
    exited: exited.promise,
    end: () => exited.resolve(),
    stop() {
      life.stopped = true;
      exited.resolve();
      return exited.promise;
    },
  };
  return life;
}

const log = { debug() {}, info() {}, warn() {}, error() {} };

async function supervise(startWith: (port: number | undefined, n: number) => Life = startLife) {
  const lives: Life[] = [];
  let starts = 0;
  const started: ((life: Life) => void)[] = [];
  const givenUp = Promise.withResolvers<CliFailure>();
  const supervised = await superviseServer({
    name: 'a server',
    log,
    onGivenUp: givenUp.resolve,
    start(port) {
      const life = startWith(port, starts++);
      lives.push(life);
      started.shift()?.(life);
      return Promise.resolve(life);
    },
  });
  return {
    supervised,
    lives,
    givenUp: givenUp.promise,
    nextLife: () => new Promise<Life>((resolve) => started.push(resolve)),
  };
}

test('a server that dies comes back on the port it had', async () => {
  const { lives, nextLife, supervised } = await supervise();
  const next = nextLife();
  lives[0]?.end();
  expect((await next).port).toBe(4711);
  await supervised.stop();
});

test('a server that is stopped stays away', async () => {
  const { lives, supervised } = await supervise();
  await supervised.stop();
  expect(lives).toHaveLength(1);
  expect(lives[0]?.stopped).toBe(true);
});

test('a server that dies again and again right after its start is given up with a reason', async () => {
  const { givenUp, lives, supervised } = await supervise((port, n) => {
    const life = startLife(port);
    if (n > 0) life.end();
    return life;
  });
  lives[0]?.end();
  const failure = await givenUp;
  expect(failure.exitCode).toBe(3);
  expect(failure.message).toContain('a server ended 5 times');
  await supervised.stop();
});

test('a start that fails counts as a death and is tried again', async () => {
  const { lives, nextLife, supervised } = await supervise((port, n) => {
    if (n === 1) throw new Error('not yet');
    return startLife(port);
  });
  const next = nextLife();
  lives[0]?.end();
  expect((await next).port).toBe(4711);
  expect(lives).toHaveLength(2);
  await supervised.stop();
});
