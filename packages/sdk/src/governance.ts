/** Governed work: ask, announce, do, report. */
import { randomUUID } from 'node:crypto';
import { type EvaluationReply, WritError } from '@writ/contracts';
import type { SendCommand } from './commands.ts';
import type { AskOptions } from './options.ts';
import { PermissionDenied } from './permission-denied.ts';
import type { Permission } from './questions.ts';

export type GovernedWork = {
  readonly agentId: string;
  readonly action: string;
  /** `<type>:<id>` of what is acted on. */
  readonly resource: string;
  /** What policies and conditions may read of this call. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Names the work; made up when left out. */
  readonly executionId?: string;
  /** How bad a failure is for the agent's trust; `minor` when left out. */
  readonly severity?: 'minor' | 'major' | 'critical';
  /** A token of another client's reply: decide on a state at least that fresh. */
  readonly atLeast?: string;
  /** How long to wait for a person where one is asked for, in milliseconds, at most 60000; not at all when left out. */
  readonly waitForApprovalMs?: number;
  readonly signal?: AbortSignal;
  readonly correlationId?: string;
  readonly traceparent?: string;
};

/** What the governed function is told, and where it leaves what the work cost. */
export type Execution = {
  readonly executionId: string;
  readonly decisionId: string;
  readonly decision: EvaluationReply;
  readonly signal: AbortSignal | undefined;
  /** Adds to the cost of this execution, in millionths of the tenant's currency. */
  addCost(micros: number): void;
  addTokens(tokens: { readonly input?: number; readonly output?: number }): void;
};

export type Governed = {
  readonly ask: (permission: Permission, options: AskOptions) => Promise<EvaluationReply>;
  readonly send: SendCommand;
};

/**
 * Runs `work` if it is allowed and reports what came of it; throws `PermissionDenied` when it is not. Work that can not
 * be announced is not run: then a report of `cancelled` gives back what the answer took of a limited grant, if it gets
 * through. An approval stays used.
 */
export async function govern<T>(
  { ask, send }: Governed,
  asked: GovernedWork,
  work: (execution: Execution) => T | Promise<T>,
): Promise<T> {
  const { agentId, action, resource } = asked;
  const trace = traceOf(asked);
  const decision = await permission(ask, asked, trace);
  const about = {
    executionId: asked.executionId ?? randomUUID(),
    agentId,
    action,
    resource,
    decisionId: decision.context.decisionId,
  };
  // Reports are sent even when the caller has given up: what was done, or not, is always told.
  const { signal: _, ...reporting } = trace;
  const startedAt = new Date().toISOString();
  const started = performance.now();
  try {
    await send('execution.start', { ...about, startedAt }, trace);
  } catch (thrown) {
    // A name that the caller gave may be that of other work, or be given again.
    const executionId = asked.executionId === undefined ? about.executionId : randomUUID();
    const undone = { ...about, executionId, outcome: 'cancelled' as const };
    await send('execution.report', undone, reporting).catch(() => undefined);
    throw thrown;
  }

  const spent = { costMicros: 0, tokens: { input: 0, output: 0 } };
  const execution = executionOf({ about, decision, spent }, asked.signal);
  const took = (): object => ({
    startedAt,
    durationMs: Math.round(performance.now() - started),
    ...spent,
  });
  let result: T;
  try {
    result = await work(execution);
  } catch (thrown) {
    const outcome = asked.signal?.aborted
      ? { outcome: 'cancelled' as const }
      : { outcome: 'failed' as const, severity: asked.severity ?? 'minor', error: errorOf(thrown) };
    await send('execution.report', { ...about, ...took(), ...outcome }, reporting).catch(
      (report: unknown) => {
        throw new AggregateError([thrown, report], 'the work failed, and so did the report of it');
      },
    );
    throw thrown;
  }
  await send('execution.report', { ...about, ...took(), outcome: 'succeeded' }, reporting);
  return result;
}

/** The answer where it is an allow; throws `PermissionDenied` where it is not. */
async function permission(
  ask: Governed['ask'],
  asked: GovernedWork,
  trace: Trace,
): Promise<EvaluationReply> {
  const { agentId, action, resource, atLeast, waitForApprovalMs } = asked;
  const reply = await ask(asked, {
    ...trace,
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(waitForApprovalMs === undefined ? {} : { waitForApprovalMs }),
  });
  if (reply.decision) return reply;
  throw new PermissionDenied(reply, `\`${action}\` on \`${resource}\` by agent \`${agentId}\``);
}

type Trace = Pick<GovernedWork, 'signal' | 'correlationId' | 'traceparent'>;

function traceOf({ signal, correlationId, traceparent }: Trace): Trace {
  return {
    ...(signal ? { signal } : {}),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

type Spent = { costMicros: number; readonly tokens: { input: number; output: number } };

function executionOf(
  {
    about,
    decision,
    spent,
  }: {
    about: { executionId: string; decisionId: string };
    decision: EvaluationReply;
    spent: Spent;
  },
  signal: AbortSignal | undefined,
): Execution {
  return {
    executionId: about.executionId,
    decisionId: about.decisionId,
    decision,
    signal,
    addCost(micros) {
      spent.costMicros += micros;
    },
    addTokens({ input = 0, output = 0 }) {
      spent.tokens.input += input;
      spent.tokens.output += output;
    },
  };
}

/** Code and message of a failure, within the lengths a report takes. */
function errorOf(thrown: unknown): { code: string; message: string } {
  if (thrown instanceof WritError)
    return { code: thrown.code, message: thrown.message.slice(0, 4000) };
  if (!(thrown instanceof Error)) return { code: 'THROWN', message: String(thrown).slice(0, 4000) };
  const code =
    'code' in thrown && typeof thrown.code === 'string' && thrown.code !== ''
      ? thrown.code
      : thrown.name;
  return {
    code: (code === '' ? 'Error' : code).slice(0, 128),
    message: thrown.message.slice(0, 4000),
  };
}
