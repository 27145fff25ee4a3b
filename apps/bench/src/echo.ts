/** The floor of decisions: answers each request with the same bytes, on a plain queue subscription. */
import { readFile } from 'node:fs/promises';
import { connectAs, readSecrets } from '@writ/bus';

const [secretsFile = '', natsUrl = '', replyFile = ''] = process.argv.slice(2);
const connection = await connectAs(await readSecrets(secretsFile), 'operator', {
  servers: natsUrl,
  name: 'bench-echo',
});
const reply = await readFile(replyFile);
connection.subscribe('writ.*.ask.*.echo', {
  queue: 'echoes',
  callback: (_error, message) => {
    message.respond(reply);
  },
});
await connection.flush();
process.stdout.write('ready\n');
process.once('SIGTERM', () => void connection.drain());
