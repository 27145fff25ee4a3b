/**
 * What a boot holds, so that it can give everything back whenever it ends.
 * 1. What started is stopped, also when something beside it failed while it was still starting.
 * 2. Things stop in the reverse order of their registration.
 */

type Undo = () => Promise<void> | void;

export type Holdings = {
  /** Gives back the start, and keeps how to undo it once it is done. */
  hold<T>(start: Promise<T>, undo: (started: T) => Promise<void> | void): Promise<T>;
  keep(undo: Undo): void;
  /** Undoes all, waiting for starts in flight; failures go to `onFailure` and stop nothing. */
  release(onFailure: (error: unknown) => void): Promise<void>;
};

export function openHoldings(): Holdings {
  const undoing: Undo[] = [];
  return {
    hold(start, undo) {
      undoing.push(async () => {
        const settled = await start.then((started) => ({ started })).catch(() => undefined);
        if (settled !== undefined) await undo(settled.started);
      });
      return start;
    },
    keep(undo) {
      undoing.push(undo);
    },
    async release(onFailure) {
      for (let undo = undoing.pop(); undo !== undefined; undo = undoing.pop()) {
        try {
          await undo();
        } catch (error) {
          onFailure(error);
        }
      }
    },
  };
}
