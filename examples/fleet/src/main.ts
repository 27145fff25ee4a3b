/** Runs the demonstration against a platform that is up: `node src/main.ts [data dir]`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoryFailed } from './expectation.ts';
import { runFleet } from './run-fleet.ts';

type Connection = {
  readonly natsUrl: string;
  readonly httpUrl: string;
  readonly adminKey: string;
  readonly tenant: string;
};

async function readConnection(dataDir: string): Promise<Connection> {
  const file = join(dataDir, 'connection.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Connection;
  } catch (cause) {
    throw new Error(`\`${file}\` can not be read; start the platform with \`npm start\` first`, {
      cause,
    });
  }
}

const dataDir = process.argv[2] ?? process.env['WRIT_DATA_DIR'] ?? '.writ';
const terminal = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
try {
  const { natsUrl, httpUrl, adminKey, tenant } = await readConnection(dataDir);
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  await runFleet({
    natsUrl,
    httpUrl,
    adminKey,
    tenant,
    dataDir,
    print,
    colours: terminal,
  });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `${error instanceof StoryFailed ? 'the story does not hold' : 'the demonstration could not run'}: ${message}\n`,
  );
  process.exitCode = 1;
}
