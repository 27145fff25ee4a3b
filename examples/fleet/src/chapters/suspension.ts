/** Stopping an agent takes effect at its next question. */
import { cast, DATA_SET_RESOURCE } from '../cast.ts';
import { expectThat } from '../expectation.ts';
import type { Fleet } from '../fleet.ts';

export async function suspension({ operator, agents, printer }: Fleet): Promise<void> {
  const { agentId, action } = cast.chartMaker;
  await printer.chapter('An agent is suspended, and denied at once');
  const ask = (atLeast?: string) =>
    agents.chartMaker.checkPermission(
      agentId,
      action,
      DATA_SET_RESOURCE,
      atLeast === undefined ? {} : { atLeast },
    );

  const before = await ask(operator.token);
  expectThat(
    before.decision,
    `\`${agentId}\` should be allowed before it is suspended, but is denied: ${before.context.code}`,
  );
  printer.done(`${agentId.padEnd(18)} ${action}: allowed`);

  const suspended = await operator.suspendAgent(agentId, 'the demonstration');
  const started = performance.now();
  const denied = await ask(suspended.token);
  const took = performance.now() - started;
  expectThat(
    !denied.decision && denied.context.code === 'AGENT_SUSPENDED',
    `\`${agentId}\` is suspended, but the answer is ${denied.context.outcome}`,
  );
  printer.refused(
    `${agentId.padEnd(18)} ${action}: ${denied.context.code}, ${took.toFixed(1)} ms after the suspension was stored`,
  );

  const resumed = await operator.resumeAgent(agentId, 'the demonstration goes on');
  const after = await ask(resumed.token);
  expectThat(after.decision, `\`${agentId}\` was resumed, but is denied: ${after.context.code}`);
  printer.done(`${agentId.padEnd(18)} ${action}: resumed, allowed again`);
}
