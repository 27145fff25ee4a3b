/** The load of the kill switch: asks about agents that nobody stops, so many times a second, whatever the answers take. */
import { connectAs, readSecrets } from '@writ/bus';
import { subjects } from '@writ/contracts';
import { agentIdOf, KEY, TENANT } from './seed.ts';

const [secretsFile = '', natsUrl = '', from = '', agents = '', perSecond = ''] =
  process.argv.slice(2);
const connection = await connectAs(await readSecrets(secretsFile), 'api-store', {
  servers: natsUrl,
  name: 'bench-load',
});
const subject = subjects.ask(TENANT, KEY, 'permission');
const began = performance.now();
let asked = 0;

/** Asks what is due, in small steps: a burst would be a load that nobody has. */
function askWhatIsDue(): void {
  const due = ((performance.now() - began) * Number(perSecond)) / 1000;
  for (; asked < due; asked++) {
    const question = {
      subject: { type: 'agent', id: agentIdOf(Number(from) + (asked % Number(agents))) },
      action: { name: 'analyse' },
      resource: { type: 'dataset', id: `load-${asked}` },
      context: { night: false, estimatedCostMicros: 3000 },
    };
    connection
      .request(subject, JSON.stringify(question), { timeout: 10_000 })
      .catch(() => undefined);
  }
}

const timer = setInterval(askWhatIsDue, 1);
process.stdout.write('ready\n');
process.once('SIGTERM', () => {
  clearInterval(timer);
  void connection.close();
});
