/** A projector in a process of its own, to be killed by tests. Its options are JSON in its only argument. */
import { startProjector } from './start-projector.ts';

// A test run that is killed leaves nothing behind.
process.on('disconnect', () => process.exit());

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
process.send?.('started');
