/** Commands of execution: what an agent starts and what came of it. */
import { subjects } from '@writ/contracts';
import { facts } from '@writ/domain';
import { closeUses } from '../authority/uses.ts';
import type { Handler } from '../desk.ts';
import { derivedId } from '../identifiers.ts';
import { thingIdOf } from '../order.ts';
import { requireSpeaker } from '../rights.ts';

export const startExecution: Handler<'execution.start'> = (desk, order) => {
  const { agentId } = order.body;
  const { tenant } = order.caller;
  requireSpeaker(order.caller, agentId);
  const executionId = order.body.executionId ?? thingIdOf(order);
  const fact = { ...order.body, executionId };
  return desk.facts.record(order, {
    kind: 'started',
    agentId,
    id: executionId,
    eventId: derivedId(tenant, agentId, 'started', executionId),
    subject: subjects.facts(tenant, agentId),
    decide: async () => {
      const standing = await desk.directory.standing(tenant, agentId);
      return facts.decide(facts.initial(), { type: 'StartExecution', standing, fact });
    },
    result: (id) => ({ executionId: id }),
  });
};

export const reportExecution: Handler<'execution.report'> = async (desk, order) => {
  const { agentId, severity } = order.body;
  const { tenant } = order.caller;
  requireSpeaker(order.caller, agentId);
  const executionId = order.body.executionId ?? thingIdOf(order);
  const fact = { ...order.body, executionId, severity: severity ?? null };
  const outcome = await desk.facts.record(order, {
    kind: 'reported',
    agentId,
    id: executionId,
    eventId: derivedId(tenant, agentId, 'reported', executionId),
    subject: subjects.facts(tenant, agentId),
    decide: async () => {
      const standing = await desk.directory.standing(tenant, agentId);
      return facts.decide(facts.initial(), { type: 'ReportExecution', standing, fact });
    },
    result: (id) => ({ executionId: id }),
  });
  await closeUses(desk, order, outcome.seq);
  return outcome;
};

export const recordValidation: Handler<'record-validation'> = (desk, order) => {
  const { agentId, validationId } = order.body;
  const { tenant } = order.caller;
  requireSpeaker(order.caller, agentId);
  return desk.facts.record(order, {
    kind: 'validated',
    agentId,
    id: validationId,
    eventId: derivedId(tenant, agentId, 'validated', validationId),
    subject: subjects.validations(tenant, agentId),
    aggregate: `validations/${agentId}`,
    decide: async () => {
      const standing = await desk.directory.standing(tenant, agentId);
      return facts.decide(facts.initial(), { type: 'ValidateResult', standing, fact: order.body });
    },
    result: () => ({ claimed: true }),
  });
};
