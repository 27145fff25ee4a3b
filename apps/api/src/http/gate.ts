/** Lets so many requests in at a time; the rest are told to come again. */
import { WritError } from '@writ/contracts';
import type { ServerResponse } from 'node:http';

/** `enter` throws `OVERLOADED` when all places are taken; a place is free again when its response is done or lost. */
export function openGate(places: number): { enter(response: ServerResponse): void } {
  let taken = 0;
  return {
    enter(response) {
      if (taken >= places)
        throw new WritError(
          'OVERLOADED',
          `${places} requests are being answered already; try again in a second`,
        );
      taken += 1;
      response.once('close', () => {
        taken -= 1;
      });
    },
  };
}
