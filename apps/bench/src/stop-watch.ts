/**
 * Watches how governors answer about one agent: it asks many times at once and again until each of them has denied, and
 * learns from the decision log which of them gave which answer.
 */
import type { NatsConnection } from '@writ/bus';
import { type DecisionBatch, subjects } from '@writ/contracts';
import { TENANT } from './seed.ts';

/** Enough that each of a few governors gets some. */
const IN_FLIGHT = 12;
const GIVE_UP_MS = 10_000;

type Answer = { readonly decisionId: string; readonly allowed: boolean; readonly atMs: number };
type Reply = { readonly decision: boolean; readonly context: { readonly decisionId: string } };

/** Whom it asks about, and with which key: of too many denials of one key not each is recorded. */
export type Watched = { readonly agentId: string; readonly keyId: string };

export type Stopped = {
  /** When the last governor denied for the first time. */
  readonly lastDenyAt: number;
  /** When an answer allowed for the last time; before everything when none did. */
  readonly lastAllowAt: number;
};

export class StopWatch {
  readonly #asking: NatsConnection;
  readonly #governors: number;
  /** Governors by the id of the decision they recorded about the agent that is watched. */
  readonly #recordedBy = new Map<string, string>();
  #agentId = '';
  #asked = 0;

  constructor(asking: NatsConnection, reading: NatsConnection, governors: number) {
    this.#asking = asking;
    this.#governors = governors;
    reading.subscribe(`writ.${TENANT}.dec.*`, {
      callback: (_error, message) => this.#read(message.subject, message.data),
    });
  }

  /** Throws where the agent is denied something before it is stopped. */
  async mustAllow({ agentId, keyId }: Watched): Promise<void> {
    const { allowed } = await this.#ask({ agentId, keyId });
    if (!allowed) throw new Error(`\`${agentId}\` is denied before it is stopped`);
  }

  /** Asks until every governor has denied the agent something. */
  async untilAllDeny(watched: Watched): Promise<Stopped> {
    this.#agentId = watched.agentId;
    this.#recordedBy.clear();
    const answers: Answer[] = [];
    const deadline = performance.now() + GIVE_UP_MS;
    const loop = async (): Promise<void> => {
      do answers.push(await this.#ask(watched));
      while (this.#firstDenies(answers).length < this.#governors && performance.now() < deadline);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
    // The log may tell a little later than the answers who gave them.
    while (this.#firstDenies(answers).length < this.#governors) {
      if (performance.now() > deadline)
        throw new Error(`not every governor denied in ${GIVE_UP_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const allowedAt = answers.filter(({ allowed }) => allowed).map(({ atMs }) => atMs);
    return {
      lastDenyAt: Math.max(...this.#firstDenies(answers)),
      lastAllowAt: Math.max(Number.NEGATIVE_INFINITY, ...allowedAt),
    };
  }

  /** When each governor denied for the first time, of those that did. */
  #firstDenies(answers: readonly Answer[]): number[] {
    const first = new Map<string, number>();
    for (const { decisionId, allowed, atMs } of answers) {
      const governor = this.#recordedBy.get(decisionId);
      if (allowed || governor === undefined) continue;
      first.set(governor, Math.min(atMs, first.get(governor) ?? Number.POSITIVE_INFINITY));
    }
    return [...first.values()];
  }

  async #ask({ agentId, keyId }: Watched): Promise<Answer> {
    const question = {
      subject: { type: 'agent', id: agentId },
      action: { name: 'analyse' },
      resource: { type: 'dataset', id: `d-${this.#asked++}` },
      context: { night: false, estimatedCostMicros: 3000 },
    };
    const message = await this.#asking.request(
      subjects.ask(TENANT, keyId, 'permission'),
      JSON.stringify(question),
      { timeout: GIVE_UP_MS },
    );
    const atMs = performance.now();
    const { decision, context } = message.json<Reply>();
    return { decisionId: context.decisionId, allowed: decision, atMs };
  }

  /** Most batches are about the agents of the load and are not parsed. */
  #read(subject: string, data: Uint8Array): void {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (this.#agentId === '' || !bytes.includes(`"agentId":"${this.#agentId}"`)) return;
    const governor = subject.slice(subject.lastIndexOf('.') + 1);
    for (const record of JSON.parse(bytes.toString('utf8')) as DecisionBatch)
      if (record.kind === 'decision') this.#recordedBy.set(record.decisionId, governor);
  }
}
