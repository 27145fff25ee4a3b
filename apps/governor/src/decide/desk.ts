/**
 * Where questions are answered.
 *
 * 1. Every question gets one answer, and every doubt is a deny.
 * 2. An answer that must be recorded is given when its record is stored, and is a deny when it is not.
 * 3. An answer from memory has an id, a time and a record of its own.
 * 4. What waits (for a sequence, for its record) is bounded, and shared fairly among keys; more is refused.
 */
import {
  checkBody,
  decodeToken,
  evaluationRequest,
  evaluationsRequest,
  toWritError,
  WritError,
} from '@writ/contracts';
import { settleInTime } from '../approvals/await-approval.ts';
import type { Claim } from '../claims/commander-path.ts';
import { countIn } from '../claims/settle-claims.ts';
import { readBody, textOf } from '../question/read-body.ts';
import { type Question, type QuestionOptions, readQuestion } from '../question/read-question.ts';
import { readQuestions } from '../question/read-questions.ts';
import type { Denials } from '../records/denials.ts';
import { askAll } from './ask-all.ts';
import { Askers } from './askers.ts';
import {
  type Asked,
  type Asker,
  type Decided,
  decideQuestion,
  type Room,
} from './decide-question.ts';
import { decisionIdAt } from './decision-id.ts';
import { type Answer, Memo } from './memo.ts';
import { isTooLarge, type Moment, recordTailOf, replyOf } from './rendered.ts';
import {
  denyUnanswerable,
  invalid,
  OVERLOADED,
  RECORD_TOO_LARGE,
  type Unanswerable,
} from './unanswerable.ts';
import { WaitingRoom } from './waiting-room.ts';

/** Takes the JSON of an answer, and never throws. */
export type Reply = (body: string) => void;

/** Whether an answer allows, as far as is known before it is recorded; later where something is claimed first. */
export type Allowed = boolean | Promise<boolean>;

type How = { readonly reply: Reply; readonly memoKey?: string };

export type DeskOptions = Room & {
  readonly claim: Claim;
  readonly cell: string;
  readonly skewed: () => boolean;
  readonly denials: Denials;
  readonly onError: (error: unknown) => void;
};

const PLACES = 2048;
/** Of questions that wait for a person. */
const PATIENT_PLACES = 1024;

export class Desk {
  readonly #options: DeskOptions;
  readonly #memo = new Memo();
  readonly #askers = new Askers();
  readonly #waiting = new WaitingRoom(PLACES);
  readonly #patient = new WaitingRoom(PATIENT_PLACES);

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Answers one question; the bytes are those of the request, the subject says who asks. */
  permission(subject: string, bytes: Uint8Array, reply: Reply): void {
    const doubt = this.#doubt();
    if (doubt) return this.#deny(doubt, reply);
    const text = textOf(bytes);
    const key = `${subject} ${text}`;
    const known = this.#memo.find(key, this.#options.state.now());
    if (known) return void this.#give(known, this.#askers.of(subject), reply);
    try {
      const body = readBody(bytes, text);
      const question = readQuestion(body) ?? refused(evaluationRequest, body);
      this.#ask(this.#askers.of(subject), question, { reply, memoKey: key });
    } catch (thrown) {
      this.#fail(thrown, reply);
    }
  }

  /** Answers a list of questions, or a single one where there is no list. */
  permissions(subject: string, bytes: Uint8Array, reply: Reply): void {
    const doubt = this.#doubt();
    if (doubt) return this.#deny(doubt, reply);
    try {
      const body = readBody(bytes, textOf(bytes));
      const questions = readQuestions(body) ?? refused(evaluationsRequest, body);
      const asker = this.#askers.of(subject);
      if (questions.kind === 'single')
        return this.#ask(asker, readQuestion(body) ?? refused(evaluationRequest, body), { reply });
      const askItem = (item: unknown, settle: Reply) => this.#askItem(asker, item, settle);
      this.#atLeast(questions.options, { asker, reply }, () => askAll(questions, askItem, reply));
    } catch (thrown) {
      this.#fail(thrown, reply);
    }
  }

  /** Asks one of several questions and says whether it is allowed, as far as is known before it is recorded. */
  #askItem(asker: Asker, item: unknown, reply: Reply): Allowed {
    // Time has passed where an item before was waited for.
    const doubt = this.#doubt();
    if (doubt) {
      this.#deny(doubt, reply);
      return false;
    }
    try {
      return this.#decide(asker, readQuestion(item) ?? refused(evaluationRequest, item), { reply });
    } catch (thrown) {
      this.#fail(thrown, reply);
      return false;
    }
  }

  #ask(asker: Asker, question: Question, how: How): void {
    this.#atLeast(
      question.options,
      { asker, reply: how.reply },
      () => void this.#decide(asker, question, how),
    );
  }

  #decide(asker: Asker, question: Question, { memoKey, reply }: How): Allowed {
    // No key can be of a tenant that is not in the log, and nothing is kept for one.
    if (!this.#options.state.world.tenants.has(asker.tenant)) {
      this.#deny({ code: 'KEY_REVOKED', message: `tenant \`${asker.tenant}\` has no keys` }, reply);
      return false;
    }
    const decided = decideQuestion(this.#options, asker, { question });
    const { answer, keep, claims, pending, waitsFor } = decided;
    if (claims.length > 0 || pending || (waitsFor && question.options.waitForApprovalMs > 0))
      return this.#claim(asker, question, { first: decided, reply });
    countIn(this.#options, asker, { decided, amount: 1 });
    if (keep && memoKey !== undefined) this.#memo.keep(memoKey, answer, keep);
    const moment = { decisionId: decisionIdAt(decided.at.nowMs), ...decided.at };
    return this.#giveCounted(asker, decided, { moment, reply });
  }

  /** Gives an answer that rests on something that must be claimed first, or that waits for a person. */
  async #claim(
    asker: Asker,
    question: Question,
    { first, reply }: { readonly first: Decided; readonly reply: Reply },
  ): Promise<boolean> {
    const doubt = (): Unanswerable | undefined => this.#doubt();
    const room = { ...this.#options, doubt, claiming: this.#waiting, patient: this.#patient };
    const decide = (asked: Asked): Decided => decideQuestion(this.#options, asker, asked);
    try {
      const settled = await settleInTime(room, asker, { question, first, decide });
      if ('denied' in settled) {
        this.#deny(settled.denied, reply);
        return false;
      }
      return this.#giveCounted(asker, settled.decided, { moment: settled.moment, reply });
    } catch (thrown) {
      this.#fail(thrown, reply);
    }
    return false;
  }

  /** Goes on when the state is as fresh as the question asks for. */
  #atLeast(
    { atLeast }: QuestionOptions,
    { asker, reply }: { readonly asker: Asker; readonly reply: Reply },
    goOn: () => void,
  ): void {
    const { state } = this.#options;
    const seq = atLeast === undefined ? 0 : this.#sequenceOf(atLeast);
    if (seq <= state.world.seq) return goOn();
    if (!this.#mayWait(asker, reply)) return;
    state.waiters.wait(seq, (reached) => {
      this.#waiting.leave(asker.keyId);
      const doubt = reached ? this.#doubt() : tooOld(state.world.seq, seq);
      if (doubt) return this.#deny(doubt, reply);
      try {
        goOn();
      } catch (thrown) {
        this.#fail(thrown, reply);
      }
    });
  }

  /** Gives what counts in its windows already; what is not recorded counts in none. */
  #giveCounted(
    asker: Asker,
    decided: Decided,
    { moment, reply }: { readonly moment: Moment; readonly reply: Reply },
  ): boolean {
    const isAllowed = this.#give(decided.answer, asker, reply, moment);
    if (!isAllowed) countIn(this.#options, asker, { decided, amount: -1 });
    return isAllowed;
  }

  /** Records an answer and gives it, in the order that its durability asks for; says whether it allows. */
  #give(answer: Answer, asker: Asker, reply: Reply, moment = this.#moment()): boolean {
    const { rendered, records, mustRecord } = answer;
    const refusal = isTooLarge(rendered) ? RECORD_TOO_LARGE : records.refuses && LOG_UNAVAILABLE;
    if (refusal) {
      this.#deny(refusal, reply);
      return false;
    }
    const { denials } = this.#options;
    const counted = rendered.denial && denials.count(asker, rendered.denial, moment.nowMs);
    if (counted !== undefined) {
      reply(replyOf(rendered, { ...moment, decisionId: counted }));
      return false;
    }
    const body = replyOf(rendered, moment);
    const tail = recordTailOf(rendered, moment);
    const record = rendered.asciiRecord ? { ascii: tail } : tail;
    if (!mustRecord && !records.strained) {
      records.add('decision', record);
      reply(body);
      return rendered.allowed;
    }
    if (!this.#mayWait(asker, reply)) return false;
    records.add('decision', record, (stored) => {
      this.#waiting.leave(asker.keyId);
      if (stored) reply(body);
      else this.#deny(LOG_UNAVAILABLE, reply);
    });
    return rendered.allowed;
  }

  #moment(): Moment {
    const { state } = this.#options;
    const nowMs = state.now();
    return { decisionId: decisionIdAt(nowMs), nowMs, seq: state.world.seq };
  }

  /** Invariant 4. */
  #mayWait({ keyId }: Asker, reply: Reply): boolean {
    const mayWait = this.#waiting.enter(keyId);
    if (!mayWait) this.#deny(OVERLOADED, reply);
    return mayWait;
  }

  /** Sequences go on over the segments of the log, so a token of any of them is waited for in the same way. */
  #sequenceOf(token: string): number {
    return decodeToken(token, this.#options.cell).seq;
  }

  #doubt(): Unanswerable | undefined {
    const message = this.#options.state.doubt();
    if (message !== undefined) return { code: 'STALE_STATE', message };
    if (this.#options.skewed()) return CLOCK_SKEW;
    return undefined;
  }

  #deny(why: Unanswerable, reply: Reply): void {
    const { state } = this.#options;
    reply(denyUnanswerable(why, { nowMs: state.now(), seq: state.world.seq }));
  }

  #fail(thrown: unknown, reply: Reply): void {
    const error = toWritError(thrown);
    if (error.code !== 'INTERNAL') return this.#deny(invalid(error), reply);
    this.#options.onError(thrown);
    this.#deny({ code: 'ENGINE_ERROR', message: error.message }, reply);
  }
}

const LOG_UNAVAILABLE: Unanswerable = {
  code: 'LOG_UNAVAILABLE',
  message: 'the decision can not be recorded now, so it is denied; try again after a moment',
};
const CLOCK_SKEW: Unanswerable = {
  code: 'CLOCK_SKEW',
  message: 'the clock of the governor differs too much from the broker; an operator must set it',
};

function tooOld(reached: number, asked: number): Unanswerable {
  return {
    code: 'STALE_STATE',
    message: `the state has reached ${reached}, ${asked} was asked for; try again after a moment`,
  };
}

/** Says what the schema finds wrong with a body that was not read. */
function refused(
  schema: typeof evaluationRequest | typeof evaluationsRequest,
  body: unknown,
): never {
  checkBody(schema, body);
  throw new WritError('BODY_INVALID', 'the body is not a permission question');
}
