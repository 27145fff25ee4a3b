/** Kill switches: engage one, release one, list them. */
import { killSwitchesQuery, killSwitchView } from '@writ/contracts';
import { listKillSwitches } from '@writ/readmodels';
import { commandRoute } from '../commands/command-route.ts';
import type { Route } from '../http/route.ts';
import { listRoute } from '../reads/list-route.ts';

const tag = 'kill-switch';

export const killSwitchRoutes: readonly Route[] = [
  commandRoute({
    method: 'POST',
    path: '/v1/kill-switch',
    verb: 'authority.engage-kill-switch',
    tag,
    operation: 'engageKillSwitch',
    errors: [],
  }),
  commandRoute({
    method: 'POST',
    path: '/v1/kill-switch/release',
    verb: 'authority.release-kill-switch',
    tag,
    operation: 'releaseKillSwitch',
    errors: [],
  }),
  listRoute({
    path: '/v1/kill-switch',
    operation: 'listKillSwitches',
    tag,
    summary: 'the kill switches that are or were engaged',
    models: ['kill-switches'],
    query: killSwitchesQuery,
    item: killSwitchView,
    list: listKillSwitches,
  }),
];
