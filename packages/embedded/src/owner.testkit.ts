/** A process that owns a data directory and runs both servers in it, until it is told or made to end. */
import { writeFileSync } from 'node:fs';
import { lockDataDirectory } from './data-directory.ts';
import { startNats } from './nats.ts';
import { startPostgres } from './postgres.ts';

const [dataDir = '', readyFile = ''] = process.argv.slice(2);

await lockDataDirectory(dataDir);
const [nats, postgres] = await Promise.all([
  startNats({
    dataDir,
    configText: (place) =>
      `listen: "127.0.0.1:${place.port}"\njetstream { store_dir: ${JSON.stringify(place.storeDir)} }`,
  }),
  startPostgres({ dataDir, fsync: false }),
]);
const running = {
  nats: { url: nats.url, pid: nats.pid },
  postgres: { url: postgres.url, pid: postgres.pid },
};
writeFileSync(readyFile, `${JSON.stringify(running)}\n`);
process.on('SIGTERM', () => process.exit(0));
setInterval(() => undefined, 1_000);
