/** A rebuild in a process of its own, to be killed by tests: says what it does, a word a message. Its options are JSON in its only argument. */
import { connectAs, type Secrets } from '@writ/bus';
import { openStore } from '@writ/readmodels';
import { projectionNames, rebuildReadModels } from './rebuild-read-models.ts';

// A test run that is killed leaves nothing behind; a rebuild that is done ends by itself.
process.on('disconnect', () => process.exit());
process.channel?.unref();

const { secrets, natsUrl, databaseUrl } = JSON.parse(process.argv[2] ?? '{}') as {
  secrets: Secrets;
  natsUrl: string;
  databaseUrl: string;
};
const connection = await connectAs(secrets, 'operator', { servers: natsUrl });
const store = openStore(databaseUrl, { max: 1 });
await rebuildReadModels({ connection, store, cell: secrets.cell }, projectionNames(), {
  mostRows: 100,
  onProgress: (_, { phase }) => void process.send?.(phase),
});
await store.close();
await connection.close();
