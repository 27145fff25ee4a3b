/** The command that publishes a tenant's trust model. */
import { subjects } from '@writ/contracts';
import { tenantModel, trustModelName } from '@writ/domain';
import { partOf } from '../aggregates.ts';
import type { Handler } from '../desk.ts';

export const publishModel: Handler<'trust.publish-model'> = (desk, order) => {
  const { tenant } = order.caller;
  const where = { subject: subjects.trustModel(tenant), aggregate: 'trust-model' };
  const command = { type: 'PublishModel' as const, ...order.body };
  return desk.aggregates.execute(order, {
    parts: [partOf(where, tenantModel, () => command)],
    result(events, state) {
      const published = events.find((event) => event.type === 'TrustModelPublished');
      const version = published?.data.version ?? String(state.version);
      return { version, name: trustModelName(tenant, version) };
    },
  });
};
