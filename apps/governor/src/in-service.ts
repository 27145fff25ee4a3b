import type { Logger, Responder } from '@writ/bus';

const LOOK_MS = 250;

/**
 * Leaves the queue group while there is a doubt, so that another governor is asked, and comes back
 * when it is gone. What arrives in between is denied by the desk.
 */
export function keepInService(
  responder: Pick<Responder, 'leave' | 'join' | 'stop'>,
  doubt: () => string | undefined,
  log: Logger,
): { readonly stop: () => Promise<void> } {
  let present = true;
  let changing: Promise<void> = Promise.resolve();
  const look = (): void => {
    const why = doubt();
    if ((why === undefined) === present) return;
    present = why === undefined;
    if (present) log.info({}, 'the governor is back in its queue group');
    else log.warn({ doubt: why }, 'the governor leaves its queue group');
    const change = present ? () => responder.join() : () => responder.leave();
    changing = changing.then(change).catch((error: unknown) => {
      log.warn({ err: error }, 'the queue group could not be changed');
      present = !present;
    });
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    async stop() {
      clearInterval(timer);
      await changing;
      await responder.stop();
    },
  };
}
