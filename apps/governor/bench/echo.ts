/** Answers every request with its own bytes: what NATS and its client cost without us. */
import { connectAs, type Secrets } from '@writ/bus';

const secrets = JSON.parse(process.env['BENCH_SECRETS'] ?? '') as Secrets;
const connection = await connectAs(secrets, 'operator', {
  servers: process.env['BENCH_URL'] ?? '',
});
connection.subscribe('bench.echo', {
  queue: 'echo',
  callback: (_error, message) => void message.respond(message.data),
});
await connection.flush();
process.send?.('ready');
