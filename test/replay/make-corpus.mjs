// Makes the corpus of a release: a short history written by its own commander, raw as it was stored (Node 24).
// Run once per release: node test/replay/make-corpus.mjs <release>. A corpus that is there is never made again.
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { headerOf, newApiKey, openRequester, openStreamReader } from '@writ/bus';
import { commandReply, subjects } from '@writ/contracts';
import { migrate, openStore } from '@writ/readmodels';
import { startTestBus, startTestPostgres } from '@writ/testkit';
import { startCommander } from '../../apps/commander/src/index.ts';
import { seedKey } from '../../apps/commander/src/seed-key.testkit.ts';
import { readCorpus } from './corpus.ts';
import { finalState } from './final-state.ts';
import { history } from './history.ts';

const release = process.argv[2] ?? '';
if (!/^\d+\.\d+\.\d+(-[a-z0-9.]+)?$/.test(release))
  throw new Error('name the release, e.g. 0.1.0 or 0.2.0-grants');
const folder = join(fileURLToPath(new URL('.', import.meta.url)), release);
if (
  await access(folder).then(
    () => true,
    () => false,
  )
)
  throw new Error(`\`${folder}\` is there already; a corpus is never made again`);

const tenant = 'default';
const { keyId } = newApiKey();
const [bus, postgres] = await Promise.all([startTestBus(), startTestPostgres()]);
const readModels = openStore(postgres.url, { max: 1 });
await migrate(readModels);
await readModels.close();
await seedKey(await bus.store(), { tenant, keyId, role: 'admin', agents: [] });
const commander = await startCommander({
  secrets: bus.secrets,
  natsUrl: bus.url,
  databaseUrl: postgres.url,
  version: release,
  log: { debug() {}, info() {}, warn: console.error, error: console.error },
});
const requesters = {
  command: openRequester(await bus.connect('api-store')),
  governor: openRequester(await bus.connect('governor-store')),
};

async function give(verb, body, headers = [], key = keyId) {
  // What governors ask for has one word, a command has a context.
  const kind = verb.includes('.') ? 'command' : 'governor';
  const subject = subjects[kind]({ tenant, key, verb });
  const text = JSON.stringify(body);
  const reply = await requesters[kind].request({ subject, body: text, headers, timeoutMs: 15_000 });
  const parsed = commandReply.parse(JSON.parse(new TextDecoder().decode(reply.data)));
  if (!parsed.ok) throw new Error(`${verb}: ${JSON.stringify(parsed.error)}`);
  return parsed.result;
}

await history(give);
const reader = openStreamReader(await bus.connect('operator'), 'EVENTS-1');
// The last approval ends by its time; the commander writes that down a moment later.
const lastType = async () =>
  headerOf(await reader.get((await reader.status()).lastSeq), 'ce-type') ?? '';
while (!(await lastType()).includes('.ApprovalExpired.')) await pause(100);
const lines = [];
for (let seq = 1; seq <= (await reader.status()).lastSeq; seq++) {
  const { subject, headers, data } = await reader.get(seq);
  lines.push(JSON.stringify({ seq, subject, headers, body: Buffer.from(data).toString('utf8') }));
}
await mkdir(folder);
await writeFile(join(folder, 'events.ndjson'), `${lines.join('\n')}\n`);
const state = finalState(await readCorpus(release));
await writeFile(join(folder, 'expected.json'), `${JSON.stringify(state, null, 2)}\n`);
await commander.stop();
await Promise.all([bus.stop(), postgres.stop()]);
