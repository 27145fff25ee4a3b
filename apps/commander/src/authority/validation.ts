/** The command that publishes the rules of the validation checkpoint. */
import { subjects, WritError } from '@writ/contracts';
import { validation } from '@writ/domain';
import { checkRules } from '@writ/validation/rules';
import { partOf } from '../aggregates.ts';
import type { Handler } from '../desk.ts';

export const publishValidation: Handler<'authority.publish-validation'> = async (desk, order) => {
  const { rules, note } = order.body;
  const details = checkRules(rules);
  if (details[0])
    throw new WritError(
      'VALIDATION_INVALID',
      `\`${details[0].path}\` is not valid: ${details[0].message}`,
      { details },
    );
  const where = { subject: subjects.validation(order.caller.tenant), aggregate: 'validation' };
  const command = { type: 'PublishValidation' as const, rules, note };
  return desk.aggregates.execute(order, {
    parts: [partOf(where, validation, () => command)],
    result: (events) => ({
      version: events.find((event) => event.type === 'ValidationPublished')?.data.version,
    }),
  });
};
