/** `writ log`: the segments of the log, rolled over, kept in files, taken off the broker and put back. */
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { handled, type Host } from '../session.ts';
import type { FromDirectory, RemoveFlags, ToDirectory } from './segment-file.ts';

type Segment = readonly [n: number];

export function addLogVerbs(program: Command, host: Host): void {
  const log = program.command('log').description('segments of the log: list, roll, archive');
  log
    .command('list')
    .description('the segments on the broker, and which one takes events')
    .action(handled(host, async (session) => (await import('./list.ts')).listSegments(session)));
  log
    .command('roll')
    .description('close the segment that takes events and begin the next one')
    .action(handled(host, async (session) => (await import('./roll.ts')).rollOver(session)));
  log
    .command('archive')
    .addArgument(segment())
    .description('write a closed segment to a compressed, checksummed file and read it back')
    .requiredOption('--out <dir>', 'the directory; the file is named after the segment')
    .action(
      handled<ToDirectory, Segment>(host, async (session, [n], flags) =>
        (await import('./archive-segment.ts')).archiveSegment(session, n, flags),
      ),
    );
  log
    .command('verify')
    .addArgument(segment())
    .description('check the file of a segment, and compare it with the broker while it is there')
    .requiredOption('--from <dir>', 'the directory that the segment was archived to')
    .action(
      handled<FromDirectory, Segment>(host, async (session, [n], flags) =>
        (await import('./verify-segment.ts')).verifySegment(session, n, flags),
      ),
    );
  log
    .command('remove')
    .addArgument(segment())
    .description('delete the oldest segment from the broker, after comparing it with its archive')
    .requiredOption('--from <dir>', 'the directory that the segment was archived to')
    .option(
      '--history-goes-offline',
      'say that you know: what folds the log from its start waits until the segment is restored',
    )
    .action(
      handled<RemoveFlags, Segment>(host, async (session, [n], flags) =>
        (await import('./remove-segment.ts')).removeFromBroker(session, n, flags),
      ),
    );
  log
    .command('restore')
    .addArgument(segment())
    .description('put a removed segment back on the broker, at its sequences')
    .requiredOption('--from <dir>', 'the directory that the segment was archived to')
    .action(
      handled<FromDirectory, Segment>(host, async (session, [n], flags) =>
        (await import('./restore-segment.ts')).restoreSegment(session, n, flags),
      ),
    );
}

function segment(): Argument {
  return new Argument('<n>', 'the number of the segment').argParser(segmentOf);
}

function segmentOf(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('must be the number of a segment, as `writ log list` shows it');
}
