/** A projector in a process of its own, to be killed by tests. Its options are JSON in its only argument. */
import { startProjector } from './start-projector.ts';

const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const options = JSON.parse(process.argv[2] ?? '{}') as Omit<
  Parameters<typeof startProjector>[0],
  'log'
>;
const projector = await startProjector({ ...options, log: quiet });
process.on('SIGTERM', () => {
  void projector.stop().then(() => process.exit(0));
});
process.stdout.write('started\n');
