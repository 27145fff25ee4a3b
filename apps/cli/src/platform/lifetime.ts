/** The life of a long-running verb: it ends by a signal, or by a failure that is told at the end. */
import { CliFailure, exitCodes } from '../failure.ts';
import { listenForFaults } from './faults.ts';
import { listenForStop, untilAborted } from './signals.ts';

export type Lifetime = {
  /** Aborted when it is time to stop. */
  readonly signal: AbortSignal;
  /** Ends it because of a failure; the first one counts. */
  end(failure: CliFailure): void;
  /** Resolves when it is time to stop. */
  over(): Promise<void>;
  /** Throws the failure that ended it, if one did. */
  settle(): void;
  dispose(): void;
};

type Room = {
  /** Called by a signal that comes after the first was understood. */
  readonly force: () => void;
  readonly onFault: (error: unknown) => void;
};

export function openLifetime({ force, onFault }: Room): Lifetime {
  const stopping = listenForStop(force);
  const failures: CliFailure[] = [];
  const end = (failure: CliFailure) => {
    failures.push(failure);
    stopping.request(failure.code);
  };
  const forget = listenForFaults((error) => {
    onFault(error);
    const message = error instanceof Error ? error.message : String(error);
    const said = `a fault of ours ended it: ${message}; the log has the details`;
    end(new CliFailure(exitCodes.unreachable, said, { code: 'INTERNAL', cause: error }));
  });
  return {
    signal: stopping.signal,
    end,
    over: () => untilAborted(stopping.signal),
    settle() {
      if (failures[0] !== undefined) throw failures[0];
    },
    dispose() {
      forget();
      stopping.dispose();
    },
  };
}
