/**
 * The thread that checks results.
 *
 * 1. It is started with the first result, and again after it was ended.
 * 2. A result that the thread does not judge in time ends the thread: a pattern may be caught in it. Whatever waits there then is
 *    in doubt.
 * 3. What waits is bounded.
 */
import { Worker } from 'node:worker_threads';
import { type ValidationRules, WritError } from '@writ/contracts';
import type { Asked, Verdict } from '@writ/validation';
import type { CheckerData, CheckReply, CheckRequest } from './checker-messages.ts';

const PATIENCE_MS = 2000;
/** Reading the patterns takes a while on a busy machine. */
const START_MS = 20_000;
const MAX_WAITING = 256;

type Waiting = {
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: WritError) => void;
  /** Counts from when the thread is there. */
  timer: NodeJS.Timeout;
};

export type Rules = { readonly id: string; readonly rules: ValidationRules };

export class Checker {
  readonly #checks: string | undefined;
  readonly #patienceMs: number;
  readonly #waiting = new Map<number, Waiting>();
  /** The rules that the thread has. */
  readonly #told = new Set<string>();
  #worker: Worker | undefined;
  #ready = false;
  #count = 0;

  /** `checks` is the address of the module with the installation's own checks. */
  constructor(checks?: string, patienceMs: number = PATIENCE_MS) {
    this.#checks = checks;
    this.#patienceMs = patienceMs;
  }

  /** Rejects with a coded error when there is no verdict: the result is then in doubt. */
  check({ id: rulesId, rules }: Rules, asked: Asked): Promise<Verdict> {
    if (this.#waiting.size >= MAX_WAITING)
      return Promise.reject(
        new WritError('OVERLOADED', `${MAX_WAITING} results wait to be checked; try again`),
      );
    const worker = (this.#worker ??= this.#start());
    const id = this.#count++;
    const request: CheckRequest = {
      id,
      rulesId,
      rules: this.#told.has(rulesId) ? undefined : rules,
      action: asked.action,
      result: asked.result,
    };
    this.#told.add(rulesId);
    return new Promise((resolve, reject) => {
      const timer = this.#timer(this.#ready ? this.#patienceMs : START_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      worker.postMessage(request);
    });
  }

  async stop(): Promise<void> {
    await this.#end('the governor stops');
  }

  #timer(ms: number): NodeJS.Timeout {
    return setTimeout(() => void this.#end(`a result was not judged within ${ms} ms`), ms);
  }

  #start(): Worker {
    const workerData: CheckerData = { checks: this.#checks };
    const worker = new Worker(new URL('./checker.worker.ts', import.meta.url), { workerData });
    worker.on('message', (reply: CheckReply) => {
      if (this.#worker === worker) this.#receive(reply);
    });
    worker.on('error', (error) => {
      if (this.#worker === worker) void this.#end(`the checks failed: ${error.message}`);
    });
    worker.unref();
    return worker;
  }

  #receive({ id, verdict, problem }: CheckReply): void {
    if (id === undefined) return this.#begin();
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (verdict) waiting.resolve(verdict);
    else waiting.reject(new WritError('INTERNAL', `the rules can not be applied: ${problem}`));
  }

  #begin(): void {
    this.#ready = true;
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.timer = this.#timer(this.#patienceMs);
    }
  }

  async #end(why: string): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#ready = false;
    this.#told.clear();
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new WritError('TIMEOUT', `${why}; try again`));
    }
    this.#waiting.clear();
    await worker?.terminate();
  }
}
