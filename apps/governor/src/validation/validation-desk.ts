/**
 * The second checkpoint: a result is held against the tenant's rules, and how it was judged is stored before the answer.
 *
 * 1. Who asks, and for whom, is judged as for a permission: a stopped agent's results are rejected.
 * 2. Every doubt is a rejection, with a code that says whether to try again.
 * 3. What waits, to be checked or for the commander, is bounded, and shared fairly among keys.
 * 4. A result of an execution that is sent again meets itself: it is stored, and counts, once.
 */
import { createHash } from 'node:crypto';
import {
  checkBody,
  type Finding,
  toWritError,
  type ValidationReply,
  type ValidationRequest,
  validationRequest,
  WritError,
} from '@writ/contracts';
import { gatherInputs, refuseAtGate } from '@writ/domain';
import type { Verdict } from '@writ/validation';
import canonicalize from 'canonicalize';
import type { Claim } from '../claims/commander-path.ts';
import { Askers } from '../decide/askers.ts';
import type { Asker, Room } from '../decide/decide-question.ts';
import { decisionIdAt } from '../decide/decision-id.ts';
import { WaitingRoom } from '../decide/waiting-room.ts';
import { readBody, textOf } from '../question/read-body.ts';
import type { Checker } from './checker.ts';
import { isTooLarge } from './verdict-size.ts';

export type ValidationRoom = Pick<Room, 'state' | 'engine'> & {
  readonly checker: Checker;
  readonly claim: Claim;
  readonly doubt: () => string | undefined;
  readonly onError: (error: unknown) => void;
};

const PLACES = 1024;

type Judged = {
  readonly validationId: string;
  readonly verdict: Verdict;
  readonly rulesVersion: string | null;
};
type Refusal = { readonly code: string; readonly message: string };

const NO_RULES: Verdict = {
  outcome: 'accept',
  findings: [],
  redactions: [],
  result: undefined,
  severity: null,
};

export class ValidationDesk {
  readonly #room: ValidationRoom;
  readonly #askers = new Askers();
  readonly #places = new WaitingRoom(PLACES);

  constructor(room: ValidationRoom) {
    this.#room = room;
  }

  /** Answers with JSON; never rejects. */
  async validate(subject: string, bytes: Uint8Array): Promise<string> {
    try {
      return JSON.stringify(await this.#inItsPlace(this.#askers.of(subject), bytes));
    } catch (thrown) {
      const error = toWritError(thrown);
      if (error.code === 'INTERNAL') this.#room.onError(thrown);
      return JSON.stringify(this.#rejected(refusalOf(error)));
    }
  }

  async #inItsPlace(asker: Asker, bytes: Uint8Array): Promise<ValidationReply> {
    if (!this.#places.enter(asker.keyId))
      throw new WritError('OVERLOADED', 'too many results wait to be judged; try again');
    return await this.#judge(asker, bytes).finally(() => this.#places.leave(asker.keyId));
  }

  async #judge(asker: Asker, bytes: Uint8Array): Promise<ValidationReply> {
    const doubt = this.#room.doubt();
    if (doubt !== undefined) return this.#rejected({ code: 'STALE_STATE', message: doubt });
    const request = checkBody(validationRequest, readBody(bytes, textOf(bytes)));
    const refusal = this.#gate(asker, request);
    if (refusal) return this.#rejected(refusal);
    const current = this.#room.state.world.tenants.get(asker.tenant)?.validation.current ?? null;
    const { version = null } = current ?? {};
    // Before anything is done for it: what has no canonical form is refused.
    const validationId = validationIdOf(request, version) ?? decisionIdAt(this.#room.state.now());
    const verdict = current
      ? await this.#room.checker.check(
          { id: `${asker.tenant}/${current.version}`, rules: current.rules },
          { keyId: asker.keyId, action: request.action, result: request.result },
        )
      : NO_RULES;
    if (isTooLarge(verdict))
      throw new WritError(
        'BODY_TOO_LARGE',
        'what was found in the result does not fit into an answer; send less at a time, under shorter names',
      );
    return await this.#store(asker, request, { validationId, verdict, rulesVersion: version });
  }

  #gate({ tenant, keyId }: Asker, { agentId, action }: ValidationRequest): Refusal | undefined {
    const { state, engine } = this.#room;
    const question = {
      tenant,
      keyId,
      agentId,
      action,
      resource: { type: 'result', id: action },
      context: {},
      unusable: [],
    };
    const { inputs } = gatherInputs(state.world, question, { nowMs: state.now(), engine });
    const decision = refuseAtGate(inputs);
    if (!decision?.code) return undefined;
    return { code: decision.code, message: decision.reasons[0]?.text ?? 'denied' };
  }

  async #store(
    asker: Asker,
    request: ValidationRequest,
    { validationId, verdict, rulesVersion }: Judged,
  ): Promise<ValidationReply> {
    const { state, claim } = this.#room;
    const { agentId, action, executionId = null, decisionId = null } = request;
    const { outcome, findings, redactions, result, severity } = verdict;
    const body = {
      validationId,
      agentId,
      executionId,
      decisionId,
      action,
      outcome,
      findings: [...findings],
      rulesVersion,
      severity,
    };
    const { seq } = await claim(asker, { verb: 'record-validation', body });
    const [first] = findings;
    return {
      decision: outcome !== 'reject',
      context: {
        outcome,
        validationId,
        ...(outcome === 'reject' && first
          ? { code: 'RESULT_REJECTED', message: textOfFinding(first) }
          : {}),
        reasons: findings.map((finding) => ({ ...finding, text: textOfFinding(finding) })),
        redactions: [...redactions],
        ...(result === undefined ? {} : { result }),
        seq,
        rulesVersion,
        evaluatedAt: new Date(state.now()).toISOString(),
      },
    };
  }

  #rejected({ code, message }: Refusal): ValidationReply {
    const { state } = this.#room;
    return {
      decision: false,
      context: {
        outcome: 'reject',
        validationId: null,
        code,
        message,
        reasons: [],
        redactions: [],
        seq: state.world.seq,
        rulesVersion: null,
        evaluatedAt: new Date(state.now()).toISOString(),
      },
    };
  }
}

/** The same for the same result of the same execution under the same rules; `undefined` where no execution is named. */
function validationIdOf(
  { executionId, decisionId = null, action, result }: ValidationRequest,
  rulesVersion: string | null,
): string | undefined {
  if (executionId === undefined || executionId === null) return undefined;
  const text = canonicalOf({ executionId, decisionId, action, result, rulesVersion });
  return `v.${createHash('sha256').update(text).digest('base64url')}`;
}

function canonicalOf(value: unknown): string {
  try {
    return canonicalize(value) ?? '';
  } catch (cause) {
    const details = [{ path: 'result', message: 'must have finite numbers' }];
    const why = '`result` can not be told from others; send numbers that JSON can hold';
    throw new WritError('BODY_INVALID', why, { cause, details });
  }
}

function textOfFinding({ rule, check, path, kind }: Finding): string {
  const where = path === '' ? 'the result' : `\`${path}\``;
  return `${where} is against rule \`${rule}\`: ${check} found ${kind}`;
}

/** Whoever sent a body that is not valid has to ask better; all else is told as it is, so that it is asked again. */
export function refusalOf({ code, message }: WritError): Refusal {
  return { code: code.startsWith('BODY_') ? 'REQUEST_INVALID' : code, message };
}
