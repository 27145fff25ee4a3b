/** `writ bench`: measurements against their floors. */
import type { Command } from 'commander';
import { handled, type Host } from '../session.ts';

export function addBenchVerb(program: Command, host: Host): void {
  program
    .command('bench [names...]')
    .description(
      'measure decisions, commands, projections and boot, each beside the floor it stands on',
    )
    .action(
      handled(host, async (session, names) => {
        const { runBench } = await import('../bench/run-bench.ts');
        return runBench(session, names);
      }),
    );
}
