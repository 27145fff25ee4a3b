/** `writ bench`: measurements against their floors, and logs to try things on. */
import { type Command, InvalidArgumentError } from 'commander';
import { CliFailure, exitCodes } from '../failure.ts';
import { handled, type Host } from '../session.ts';
import { countBetween } from '../verb.ts';

export type BenchFlags = { readonly events?: readonly number[] };
export type SeedFlags = BenchFlags & { readonly agents?: number };

const eventCount = countBetween(1000, 10_000_000);

export function addBenchVerb(program: Command, host: Host): void {
  const bench = program
    .command('bench [names...]')
    .description(
      'measure decisions, commands, projections, rebuilds, restarts, growth and boot, each beside the floor it stands on',
    )
    .option(
      '--events <n,…>',
      'events in the log, for measurements that grow with it; several for `growth`',
      eventCounts,
    )
    .action(
      handled<BenchFlags>(host, async (session, names, { events }) => {
        const { runBench } = await import('../bench/run-bench.ts');
        return runBench(session, names, { events });
      }),
    );
  bench
    .command('seed')
    .description('fill the log of a cell with made-up agents, grants, policies and what they did')
    .option('--events <n>', 'how many; 100,000 when left out', eventCounts)
    .option(
      '--agents <n>',
      'how many; one for each 100 events when left out',
      countBetween(1, 400_000),
    )
    .addHelpText(
      'after',
      '\nWhat is stored stays for ever: use a data directory of its own.\n\nExample:\n  writ bench seed --data ./big --events 1000000 --agents 10000',
    )
    .action(
      handled<SeedFlags>(host, async (session, _args, { events = [100_000], agents }) => {
        const [wanted = 0] = events;
        if (events.length > 1)
          throw new CliFailure(exitCodes.usage, 'a log is filled with one number of events');
        const { seedCell } = await import('../bench/seed-cell.ts');
        await seedCell(session, { events: wanted, agents });
      }),
    );
}

function eventCounts(text: string): readonly number[] {
  const counts = text.split(',').map(eventCount);
  if (counts.length > 5) throw new InvalidArgumentError('must be five numbers at most');
  return counts;
}
