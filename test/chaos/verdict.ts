/** The log, the rows and the decisions held against what the clients were told. */
import {
  type EventStore,
  openDeadLetters,
  openDecisionLog,
  openEventStore,
  type StoredEvent,
} from '@writ/bus';
import { compareReadModels } from '@writ/projector';
import type { Store } from '@writ/readmodels';
import { eventually } from '@writ/testkit';
import { doubts } from './client.ts';
import { lowestPosition } from './lanes.ts';
import type { Ledger, Operation } from './ledger.ts';
import { type Stage, TENANT } from './stage.ts';

/** Everything that must be nothing, each finding in words. */
export type Findings = {
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly outOfOrder: readonly string[];
  /** Refused commands that left an event. */
  readonly leftByRefused: readonly string[];
  readonly rowsDiffer: readonly string[];
  readonly allowedWrongly: readonly string[];
  /** Decisions that were recorded before they were answered, and are not there. */
  readonly decisionsLost: readonly string[];
  readonly deadLetters: readonly string[];
  /** Answers other than the one that must be, and clients that got none. */
  readonly wrongAnswers: readonly string[];
  /** Roles that ended by themselves. */
  readonly roleFaults: readonly string[];
};

/**
 * A command whose deliveries were lost with three holders waits 15, 30 and 60 seconds for the next ones, and a new leader
 * of the consumer begins to count again.
 */
const PATIENCE_MS = 240_000;

/** Waits until nothing moves any more: INBOX is empty and every row is written. */
export async function quiesce(stage: Stage, readModels: Store): Promise<number> {
  const operator = await stage.connect('operator');
  const store = openEventStore({ connection: operator, ...stage.secrets });
  const patience = { withinMs: PATIENCE_MS, everyMs: 100 };
  await eventually(async () => {
    const info = await operator.request('$JS.API.STREAM.INFO.INBOX', '', { timeout: 5000 });
    return info.json<{ state: { messages: number } }>().state.messages === 0;
  }, patience);
  const { lastSeq } = await eventually(() => store.status(), patience);
  const decisions = openDecisionLog({ connection: operator, ingest: stage.secrets.ingest });
  const recorded = await eventually(() => decisions.status(), patience);
  await eventually(async () => (await lowestPosition(readModels, 'EVENTS')) >= lastSeq, patience);
  await eventually(
    async () => (await lowestPosition(readModels, 'DECISIONS')) >= recorded.lastSeq,
    patience,
  );
  return lastSeq;
}

/** Judges a run that has come to rest. */
export async function judge(
  stage: Stage,
  { ledger, readModels }: { readonly ledger: Ledger; readonly readModels: Store },
): Promise<Findings & { readonly events: number }> {
  const operator = await stage.connect('operator');
  const events = await wholeLog(openEventStore({ connection: operator, ...stage.secrets }));
  const compared = await compareReadModels(operator, readModels);
  const letters = await openDeadLetters({
    connection: operator,
    ingest: stage.secrets.ingest,
  }).list({ tenant: TENANT, limit: 100 });
  const byKey = Map.groupBy(events, (event) => event.idempotencyKey ?? '');
  return {
    events: events.length,
    lost: ledger.operations.flatMap((operation) => lostOf(operation, events, byKey)),
    duplicated: [
      ...twice(events),
      ...ledger.operations.flatMap((operation) => tooManyOf(operation, byKey)),
    ],
    outOfOrder: [
      ...holesInTheLog(events),
      ...holesInAggregates(events),
      ...disorderInLanes(ledger),
    ],
    leftByRefused: ledger.operations
      .filter(({ fate }) => fate === 'refused')
      .flatMap(({ key, verb }) =>
        (byKey.get(key) ?? []).map(
          (event) => `\`${verb}\` under \`${key}\` was refused and left ${event.seq}`,
        ),
      ),
    rowsDiffer: compared.flatMap(({ differences }) =>
      differences.map((difference) => JSON.stringify(difference)),
    ),
    allowedWrongly: ledger.allowedWrongly,
    decisionsLost: await lostDecisions(ledger, readModels),
    deadLetters: letters.map(({ letter }) => `${letter.subject}: ${letter.code}: ${letter.reason}`),
    wrongAnswers: [...ledger.wrong, ...unanswered(ledger)],
    roleFaults: [],
  };
}

async function wholeLog(store: EventStore): Promise<StoredEvent[]> {
  const { lastSeq } = await store.status();
  const events: StoredEvent[] = [];
  // A replica that answers may lag behind the leader for a moment.
  await eventually(
    async () => {
      const fromSeq = (events.at(-1)?.seq ?? 0) + 1;
      events.push(...(await store.read({ fromSeq, limit: 10_000 })));
      return (events.at(-1)?.seq ?? 0) >= lastSeq;
    },
    { withinMs: PATIENCE_MS },
  );
  return events;
}

function lostOf(
  { fate, verb, key, events: told }: Operation,
  events: readonly StoredEvent[],
  byKey: ReadonlyMap<string, readonly StoredEvent[]>,
): string[] {
  if (fate === 'queued' && !byKey.has(key))
    return [`\`${verb}\` under \`${key}\` was taken by INBOX and led to nothing`];
  if (fate !== 'acknowledged') return [];
  return told
    .filter(({ id, seq }) => events[seq - 1]?.id !== id)
    .map(({ id, seq }) => `\`${verb}\` under \`${key}\`: ${seq} is not \`${id}\``);
}

/** An operation has the events it was acknowledged with and no more; one without an answer has those of one try at most. */
function tooManyOf(
  { fate, verb, key, events: told }: Operation,
  byKey: ReadonlyMap<string, readonly StoredEvent[]>,
): string[] {
  const found = byKey.get(key)?.length ?? 0;
  const most = fate === 'acknowledged' ? told.length : fate === 'queued' ? 1 : 2;
  return found > most ? [`\`${verb}\` under \`${key}\` led to ${found} events`] : [];
}

function twice(events: readonly StoredEvent[]): string[] {
  return [...Map.groupBy(events, (event) => event.id)]
    .filter(([, same]) => same.length > 1)
    .map(([id, same]) => `\`${id}\` is stored at ${same.map(({ seq }) => seq).join(' and ')}`);
}

function holesInTheLog(events: readonly StoredEvent[]): string[] {
  return events
    .filter(({ seq }, index) => seq !== index + 1)
    .slice(0, 5)
    .map(({ seq }) => `the log has a hole before ${seq}`);
}

function holesInAggregates(events: readonly StoredEvent[]): string[] {
  const versions = new Map<string, number>();
  return events.flatMap(({ subject, version, seq }) => {
    const expected = (versions.get(subject) ?? 0) + 1;
    versions.set(subject, version);
    return version === expected
      ? []
      : [`\`${subject}\` goes on with version ${version} at ${seq} instead of ${expected}`];
  });
}

/** What a client did after it had an answer comes later in the log. */
function disorderInLanes({ operations }: Ledger): string[] {
  return [...Map.groupBy(operations, ({ lane }) => lane)].flatMap(([lane, inOrder]) => {
    const seqs = inOrder.flatMap(({ events: told }) => told.map(({ seq }) => seq));
    return seqs
      .filter((seq, index) => index > 0 && seq <= (seqs[index - 1] ?? 0))
      .map((seq) => `${lane}: ${seq} comes too early`);
  });
}

async function lostDecisions({ questions }: Ledger, readModels: Store): Promise<string[]> {
  // A governor in doubt denies without deciding: there is nothing to record.
  const required = questions.filter(
    (question) => question.required && !doubts.includes(question.code ?? ''),
  );
  const { rows } = await readModels.pool.query<{ decision_id: string }>(
    'select decision_id from decisions',
  );
  const recorded = new Set(rows.map(({ decision_id }) => decision_id));
  return required
    .filter(({ decisionId }) => !recorded.has(decisionId))
    .map(
      ({ decisionId, agentId, action, code }) =>
        `${decisionId} (\`${action}\` by \`${agentId}\`, ${code ?? 'allowed'}) is not recorded`,
    );
}

function unanswered({ operations }: Ledger): string[] {
  return operations
    .filter(({ fate }) => fate === 'unknown')
    .map(({ verb, key }) => `\`${verb}\` under \`${key}\` never had an answer`);
}
