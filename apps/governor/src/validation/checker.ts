/**
 * The thread that checks results.
 *
 * 1. It is started with the first result, and again after it was ended.
 * 2. It has one result at a time; the others wait here, and keys take turns.
 * 3. A result that it does not judge in time ends the thread, for a pattern may be caught in it, and is in doubt. The
 *    others are judged in the next one.
 * 4. What waits is bounded, and shared fairly among keys.
 */
import { Worker } from 'node:worker_threads';
import { type ValidationRules, WritError } from '@writ/contracts';
import type { Asked, Verdict } from '@writ/validation';
import { WaitingRoom } from '../decide/waiting-room.ts';
import type { CheckerData, CheckReply, CheckRequest } from './checker-messages.ts';

const PATIENCE_MS = 2000;
/** Reading the patterns takes a while on a busy machine. */
const START_MS = 20_000;
const PLACES = 256;

export type Rules = { readonly id: string; readonly rules: ValidationRules };

/** A result to be judged, and the key that asks. */
export type Check = Asked & { readonly keyId: string };

type Waiting = {
  readonly id: number;
  readonly rules: Rules;
  readonly asked: Asked;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: WritError) => void;
};

export class Checker {
  readonly #checks: string | undefined;
  readonly #patienceMs: number;
  readonly #places = new WaitingRoom(PLACES);
  /** By key, the key whose turn it is first. */
  readonly #waiting = new Map<string, Waiting[]>();
  /** The rules that the thread has. */
  readonly #told = new Set<string>();
  #worker: Worker | undefined;
  #ready = false;
  /** What the thread has, or will have as soon as it is there. */
  #current: Waiting | undefined;
  /** Of the thread's start, or of the result that it has. */
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  /** `checks` is the address of the module with the installation's own checks. */
  constructor(checks?: string, patienceMs: number = PATIENCE_MS) {
    this.#checks = checks;
    this.#patienceMs = patienceMs;
  }

  /** Rejects with a coded error when there is no verdict: the result is then in doubt. */
  check(rules: Rules, { keyId, ...asked }: Check): Promise<Verdict> {
    if (!this.#places.enter(keyId))
      return Promise.reject(
        new WritError('OVERLOADED', 'too many results wait to be checked; try again'),
      );
    return new Promise<Verdict>((resolve, reject) => {
      const own = this.#waiting.get(keyId) ?? [];
      this.#waiting.set(keyId, own);
      own.push({ id: this.#count++, rules, asked, resolve, reject });
      if (this.#current === undefined) this.#next();
    }).finally(() => this.#places.leave(keyId));
  }

  async stop(): Promise<void> {
    for (let one = this.#current ?? this.#take(); one; one = this.#take())
      one.reject(new WritError('TIMEOUT', 'the governor stops; try again'));
    this.#current = undefined;
    await this.#end();
  }

  /** The next of the key whose turn it is, which then is the last in turn. */
  #take(): Waiting | undefined {
    for (const [keyId, own] of this.#waiting) {
      const one = own.shift();
      this.#waiting.delete(keyId);
      if (own.length > 0) this.#waiting.set(keyId, own);
      return one;
    }
    return undefined;
  }

  /** Gives the thread what is next, or starts it; once it is there it is given that. */
  #next(): void {
    this.#current ??= this.#take();
    if (this.#current === undefined) return;
    const worker = (this.#worker ??= this.#start());
    if (!this.#ready) return;
    const { id, asked } = this.#current;
    const { id: rulesId, rules } = this.#current.rules;
    const known = this.#told.has(rulesId);
    const request: CheckRequest = { id, rulesId, rules: known ? undefined : rules, ...asked };
    this.#told.add(rulesId);
    this.#expectWithin(this.#patienceMs);
    worker.postMessage(request);
  }

  #expectWithin(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(`a result was not judged within ${ms} ms`), ms);
  }

  #start(): Worker {
    const workerData: CheckerData = { checks: this.#checks };
    const worker = new Worker(new URL('./checker.worker.ts', import.meta.url), { workerData });
    worker.on('message', (reply: CheckReply) => {
      if (this.#worker === worker) this.#receive(reply);
    });
    worker.on('error', (error) => {
      if (this.#worker === worker) this.#fail(`the checks failed: ${error.message}`);
    });
    worker.on('exit', (code) => {
      if (this.#worker === worker) this.#fail(`a check ended the thread with ${code}`);
    });
    worker.unref();
    this.#expectWithin(START_MS);
    return worker;
  }

  #receive({ id, verdict, problem }: CheckReply): void {
    clearTimeout(this.#timer);
    if (id === undefined) this.#ready = true;
    else {
      const judged = this.#current;
      this.#current = undefined;
      if (verdict) judged?.resolve(verdict);
      else judged?.reject(new WritError('INTERNAL', `the rules can not be applied: ${problem}`));
    }
    this.#next();
  }

  /** Ends the thread with the result that it has, and goes on with the others in a new one. */
  #fail(why: string): void {
    this.#current?.reject(new WritError('TIMEOUT', `${why}; try again`));
    this.#current = undefined;
    void this.#end();
    this.#next();
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#ready = false;
    this.#told.clear();
    clearTimeout(this.#timer);
    await worker?.terminate();
  }
}
