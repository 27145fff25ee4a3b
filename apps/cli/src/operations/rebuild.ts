/** `writ db rebuild`: read models built again from the streams, beside the ones that are read until then. */
import type { RebuiltReadModels } from '@writ/projector';
import type { RebuildProgress } from '@writ/readmodels';
import { CliFailure, exitCodes } from '../failure.ts';
import {
  asUser,
  cellSecrets,
  databaseUrlOf,
  natsUrlOf,
  withStore,
} from '../platform/cell-access.ts';
import type { Session } from '../session.ts';
import { progressBar } from '../terminal/progress-bar.ts';

export type RebuildFlags = { readonly all?: boolean };

export async function rebuildTables(
  session: Session,
  names: readonly string[],
  { all = false }: RebuildFlags,
): Promise<void> {
  const { projectionNames } = await import('@writ/projector');
  const known = projectionNames();
  if ((names.length === 0) === !all)
    throw new CliFailure(
      exitCodes.usage,
      `name the projections to rebuild, or give --all; there are ${known.join(', ')}`,
    );
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new CliFailure(
      exitCodes.usage,
      `there is no projection \`${unknown}\`; there are ${known.join(', ')}`,
    );
  const beganMs = performance.now();
  const rebuilt = await rebuildWithProgress(session, all ? known : names);
  const seconds = Math.round((performance.now() - beganMs) / 100) / 10;
  session.out.document({ rebuilt, seconds }, () =>
    rebuilt
      .map(({ source, projections, seq, events }) => {
        const what = `${events.toLocaleString('en-US')} messages of ${source}, up to ${seq}`;
        return `${session.out.colours.green('rebuilt')} ${projections.join(', ')} from ${what}`;
      })
      .join('\n'),
  );
}

/** Rebuilds with a bar on standard error; Ctrl-C leaves everything as it was. */
export async function rebuildWithProgress(
  { config, connection, host }: Session,
  names: readonly string[],
  options: { readonly replaceForeign?: boolean } = {},
): Promise<readonly RebuiltReadModels[]> {
  const { rebuildReadModels } = await import('@writ/projector');
  const secrets = await cellSecrets(config);
  const natsUrl = natsUrlOf(config, connection());
  const signal = host.interrupted();
  const bar = progressBar(host.stderr);
  const onProgress = (source: string, { phase, seq, lastSeq }: RebuildProgress): void =>
    bar.show({ what: `${source} ${phase}`, done: seq, total: lastSeq });
  try {
    return await withStore(databaseUrlOf(config, connection()), 'writ-rebuild', (store) =>
      asUser('operator', { secrets, natsUrl }, (nats) =>
        rebuildReadModels({ connection: nats, store, cell: secrets.cell }, names, {
          ...options,
          signal,
          onProgress,
        }),
      ),
    );
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    throw new CliFailure(exitCodes.no, 'the rebuild was called off; nothing was changed', {
      code: 'CALLED_OFF',
      cause: thrown,
    });
  } finally {
    bar.end();
  }
}
