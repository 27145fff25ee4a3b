/** The thread of `ticks.ts`: for each tick that is asked for it sleeps, and says when it woke. */
import { workerData } from 'node:worker_threads';
import { ASKED, NEVER, TICK_MS, TICKED } from './ticks.ts';

const cells = workerData as Int32Array<SharedArrayBuffer>;

for (let asked = 0; ; ) {
  Atomics.wait(cells, ASKED, asked);
  asked = Atomics.load(cells, ASKED);
  Atomics.wait(cells, NEVER, 0, TICK_MS);
  Atomics.add(cells, TICKED, 1);
  Atomics.notify(cells, TICKED);
}
