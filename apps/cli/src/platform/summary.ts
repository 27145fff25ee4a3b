/** What `writ up` says when everything is ready. */
import type { Config } from '../config.ts';
import { connectionFile } from '../connection.ts';
import type { Output } from '../terminal/output.ts';
import { renderFields } from '../terminal/table.ts';
import { adminKeyFile } from './admin-key.ts';
import type { Platform } from './start-platform.ts';

const afterStart = ['status', 'agents list', 'replay --follow'];
const afterDemo = [
  'trust show fleet:hasty',
  'ask fleet:chart-maker draw_chart dataset:rider-addresses --explain',
  'replay --agent fleet:hasty',
];

export function renderSummary(
  out: Output,
  config: Config,
  { platform, demo }: { readonly platform: Platform; readonly demo: boolean },
): string {
  const { connection, keyMade } = platform;
  const { colours } = out;
  const fields = renderFields(out, [
    ['HTTP', connection.httpUrl],
    ['API docs', `${connection.httpUrl}/docs`],
    ['NATS', connection.natsUrl],
    ['data', config.dataDir],
    ['admin key', `${adminKeyFile(config.dataDir)}${keyMade ? ' (made now)' : ''}`],
  ]);
  const data = config.sources['WRIT_DATA_DIR'] === 'default' ? '' : ` --data ${config.dataDir}`;
  const next = (demo ? afterDemo : afterStart).map((verb) => `npx writ ${verb}${data}`);
  return [
    '',
    colours.green(colours.bold('Writ is running')),
    fields,
    '',
    'Try next, from another terminal:',
    ...next.map((line) => `  ${colours.cyan(line)}`),
    '',
    'Ctrl-C stops it; the data is kept.',
  ].join('\n');
}

/** What programs read: where everything is, and no secret; those are in the connection file. */
export function machineSummary(
  config: Config,
  { connection }: Platform,
  tookMs: number,
): Record<string, unknown> {
  const { natsUrl, httpUrl, tenant, pid, roles } = connection;
  const { dataDir } = config;
  return {
    httpUrl,
    natsUrl,
    tenant,
    pid,
    roles,
    dataDir,
    connectionFile: connectionFile(dataDir),
    tookMs,
  };
}
