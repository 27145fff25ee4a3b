/** Commands on policies and the schema that they are held to. */
import { subjects, WritError } from '@writ/contracts';
import {
  policies,
  type PoliciesCommand,
  type PoliciesEventName,
  type PoliciesState,
} from '@writ/domain';
import { type Part, partOf } from '../aggregates.ts';
import type { Handler } from '../desk.ts';

export const publishPolicies: Handler<'authority.publish-policies'> = (desk, order) => {
  const { engine, policies: texts, note } = order.body;
  const { check, digest } = desk.policies;
  const command = {
    type: 'PublishPolicies' as const,
    ...{ engine, policies: texts, note, check },
    digest: digest(engine, texts),
  };
  return desk.aggregates.execute(order, {
    parts: [policiesPart(order.caller.tenant, command)],
    result: (events) => {
      const published = events.find((event) => event.type === 'PoliciesPublished');
      return { version: published?.data.version, digest: published?.data.digest };
    },
  });
};

export const activatePolicies: Handler<'authority.activate-policies'> = (desk, order) => {
  const { version } = order.body;
  const command = { type: 'ActivatePolicies' as const, version, check: desk.policies.check };
  return desk.aggregates.execute(order, {
    parts: [policiesPart(order.caller.tenant, command)],
    result: (_events, state) => ({ version, digest: state.published.get(version)?.digest }),
  });
};

export const rollBackPolicies: Handler<'authority.rollback-policies'> = (desk, order) => {
  const { version = null, reason } = order.body;
  const { check } = desk.policies;
  const command = { type: 'RollBackPolicies' as const, version, reason, check };
  return desk.aggregates.execute(order, {
    parts: [policiesPart(order.caller.tenant, command)],
    result: (events, { active }) => {
      const back = events.find((event) => event.type === 'PoliciesRolledBack')?.data;
      return { version: (back ?? active)?.version, digest: (back ?? active)?.digest };
    },
  });
};

export const publishSchema: Handler<'authority.publish-schema'> = (desk, order) => {
  const { engine, schema, note } = order.body;
  const { check, checkSchema, schemaDigest } = desk.policies;
  const problems = schema === null ? [] : checkSchema(schema);
  if (problems.length > 0) {
    const details = problems.map(({ line, column, message }) => ({
      path: 'schema',
      message: `line ${line}, column ${column}: ${message}`,
    }));
    throw new WritError('SCHEMA_INVALID', `the schema is not valid: ${details[0]?.message}`, {
      details,
    });
  }
  const command = {
    type: 'PublishSchema' as const,
    ...{ engine, schema, note, check },
    digest: schemaDigest(engine, schema),
  };
  return desk.aggregates.execute(order, {
    parts: [policiesPart(order.caller.tenant, command)],
    result: (events, state) => {
      const published = events.find((event) => event.type === 'SchemaPublished')?.data;
      const { version, digest } = published ?? state.schema ?? { version: null, digest: null };
      return { version, digest };
    },
  });
};

function policiesPart(tenant: string, command: PoliciesCommand): Part<PoliciesState> {
  const where = { subject: subjects.policies(tenant), aggregate: 'policies' };
  return partOf<PoliciesState, PoliciesCommand, PoliciesEventName>(where, policies, () => command);
}
