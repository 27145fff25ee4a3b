/** Commands that stop agents at once, and let them go on. */
import { subjects } from '@writ/contracts';
import { killSwitch } from '@writ/domain';
import { partOf } from '../aggregates.ts';
import type { Desk, Handler } from '../desk.ts';
import type { Order, Outcome } from '../order.ts';

type Verb = 'authority.engage-kill-switch' | 'authority.release-kill-switch';

export const engageKillSwitch: Handler<'authority.engage-kill-switch'> = (desk, order) =>
  turn(desk, order, 'EngageKillSwitch');

export const releaseKillSwitch: Handler<'authority.release-kill-switch'> = (desk, order) =>
  turn(desk, order, 'ReleaseKillSwitch');

async function turn(
  desk: Desk,
  order: Order<Verb>,
  type: 'EngageKillSwitch' | 'ReleaseKillSwitch',
): Promise<Outcome> {
  const { scope } = order.body;
  const { tenant } = order.caller;
  const where = { subject: subjects.killSwitch(tenant), aggregate: 'kill-switch' };
  return desk.aggregates.execute(order, {
    parts: [partOf(where, killSwitch, () => ({ type, tenant, ...order.body }))],
    result: () => ({ scope, status: type === 'EngageKillSwitch' ? 'engaged' : 'released' }),
  });
}
