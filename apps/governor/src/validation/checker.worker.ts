/** Checks results in a thread of its own, so that no pattern and no schema can hold up decisions. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  type CompiledRules,
  compileRules,
  type CustomCheck,
  validateResult,
} from '@writ/validation';
import type { CheckerData, CheckReply, CheckRequest } from './checker-messages.ts';

const { checks } = workerData as CheckerData;
const custom = checks === undefined ? {} : await ownChecks(checks);
const compiled = new Map<string, CompiledRules>();

async function ownChecks(address: string): Promise<Readonly<Record<string, CustomCheck>>> {
  const module: { readonly checks?: Readonly<Record<string, CustomCheck>> } = await import(address);
  return module.checks ?? {};
}

function rulesOf({ rulesId, rules }: CheckRequest): CompiledRules {
  const known = compiled.get(rulesId);
  if (known) return known;
  if (rules === undefined) throw new Error(`the rules \`${rulesId}\` did not come`);
  const made = compileRules(rules);
  compiled.set(rulesId, made);
  return made;
}

async function answer(request: CheckRequest): Promise<CheckReply> {
  try {
    return { id: request.id, verdict: await validateResult(rulesOf(request), request, custom) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { id: request.id, verdict: undefined, problem };
  }
}

parentPort?.postMessage({ id: undefined, verdict: undefined } satisfies CheckReply);
parentPort?.on('message', (request: CheckRequest) => {
  void answer(request).then((reply) => parentPort?.postMessage(reply));
});
