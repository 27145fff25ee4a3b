/** `writ bench`: measurements against their floors. */
import type { Command } from 'commander';
import { handled, type Host } from '../session.ts';
import { countBetween } from '../verb.ts';

export type BenchFlags = { readonly events?: number };

export function addBenchVerb(program: Command, host: Host): void {
  program
    .command('bench [names...]')
    .description(
      'measure decisions, commands, projections, rebuilds and boot, each beside the floor it stands on',
    )
    .option(
      '--events <n>',
      'events in the log, for measurements that grow with it',
      countBetween(1000, 10_000_000),
    )
    .action(
      handled<BenchFlags>(host, async (session, names, { events }) => {
        const { runBench } = await import('../bench/run-bench.ts');
        return runBench(session, names, { events });
      }),
    );
}
