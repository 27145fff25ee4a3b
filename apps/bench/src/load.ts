/** The load of the decision benches, from a process of its own: nothing else of the bench stands in the way of its clock. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { QuestionKind } from './decision-questions.ts';
import type { Taken } from './measure.ts';

/** So many are always under way; or so many a second come, whatever the answers take. */
export type LoadShape = { readonly inFlight: number } | { readonly perSecond: number };

export type LoadSlice = {
  readonly subject: string;
  readonly questions: QuestionKind & { readonly agents: number };
  readonly shape: LoadShape;
  /** `usual` is what a client of ours does; `lean` costs the sender least, so that it can keep its times. */
  readonly sender: 'usual' | 'lean';
  readonly sliceMs: number;
};

export type LoadReply = Taken | { readonly failed: string };

export type Load = { run(slice: LoadSlice): Promise<Taken>; stop(): Promise<void> };

/**
 * A young generation so small, collected by one thread, makes many short pauses of few long ones: with V8's own choice the
 * pauses of the sender are longer than 1 % of all answers take.
 */
const SHORT_PAUSES = ['--max-semi-space-size=1', '--single-threaded-gc'];

export async function startLoad(secretsFile: string, natsUrl: string): Promise<Load> {
  const child = fork(
    fileURLToPath(new URL('./load-process.ts', import.meta.url)),
    [secretsFile, natsUrl],
    { execArgv: SHORT_PAUSES, serialization: 'advanced' },
  );
  const exited = once(child, 'exit');
  const died = exited.then(([code]) => {
    throw new Error(`the process that asks ended with ${code}`);
  });
  died.catch(() => undefined);
  const next = async <T>(): Promise<T> => {
    const [message] = (await Promise.race([once(child, 'message'), died])) as [T];
    return message;
  };
  await next();
  return {
    async run(slice) {
      child.send(slice);
      const reply = await next<LoadReply>();
      if ('failed' in reply) throw new Error(reply.failed);
      return reply;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
