/** A node that lost the other two goes on telling its clients that nothing new has happened. */
import { connectAs, type NatsConnection } from '@writ/bus';
import { eventually, freeze } from '@writ/testkit';
import { afterEach, test } from 'vitest';
import { GovernedBus, quiet } from './governed-bus.fixture.ts';
import { startGovernor } from './start-governor.ts';

const PATIENT = { withinMs: 90_000, everyMs: 200 };
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

type Info = { readonly cluster: { readonly leader?: string } };
type Consumers = { readonly consumers: readonly (Info & { readonly name: string })[] };

/** Has the governor's consumer made again until it lives on this node. */
async function moveConsumer(operator: NatsConnection, node: number): Promise<void> {
  await eventually(async () => {
    const listed = await operator.request('$JS.API.CONSUMER.LIST.EVENTS-1');
    const [consumer] = listed.json<Consumers>().consumers;
    if (consumer?.cluster.leader === `node-${node}`) return true;
    if (consumer) await operator.request(`$JS.API.CONSUMER.DELETE.EVENTS-1.${consumer.name}`);
    throw new Error('the consumer lives elsewhere');
  }, PATIENT);
}

test('a governor whose node lost the others decides nothing though its consumer goes on, and is back with them', {
  timeout: 240_000,
}, async () => {
  const bus = await GovernedBus.start({ nodes: 3 });
  undo.push(() => bus.stop());
  const { secrets, url } = bus.bus;
  const operator = await bus.bus.connect('operator');
  const info = (await operator.request('$JS.API.STREAM.INFO.EVENTS-1')).json<Info>();
  const alone = [0, 1, 2].find((node) => info.cluster.leader !== `node-${node}`) ?? 0;
  const natsUrl = url.split(',')[alone] ?? '';
  const governor = await startGovernor({ secrets, natsUrl, version: '0.1.0', log: quiet });
  undo.push(() => governor.stop());
  const watching = await connectAs(secrets, 'operator', { servers: natsUrl });
  undo.push(() => watching.close());
  await moveConsumer(watching, alone);
  await eventually(() => governor.ready().ok, PATIENT);

  const others = bus.bus.pids().filter((_, node) => node !== alone);
  try {
    for (const pid of others) await freeze(pid);
    await eventually(() => governor.ready().detail?.includes('leader of the log'), PATIENT);
  } finally {
    for (const pid of others) process.kill(pid, 'SIGCONT');
  }
  await eventually(() => governor.ready().ok, PATIENT);
});
