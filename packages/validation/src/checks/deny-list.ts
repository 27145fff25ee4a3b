/** Terms that a result must not hold, whatever their case. */
import type { Hit, Texts } from '../texts.ts';

export const DENIED = 'DENIED_TERM';

export function findDenied(texts: Texts, terms: readonly string[]): Hit[] {
  const wanted = [...new Set(terms.map((term) => term.toLowerCase()))];
  return texts.all.flatMap((text) => {
    const value = text.value.toLowerCase();
    // A letter that grows when it is made small would move what stands behind it.
    const sameLength = value.length === text.value.length;
    return wanted.flatMap((term) =>
      placesOf(value, term).map((start) => ({
        text,
        kind: DENIED,
        start: sameLength ? start : 0,
        end: sameLength ? start + term.length : text.value.length,
      })),
    );
  });
}

function placesOf(value: string, term: string): number[] {
  const places: number[] = [];
  for (let at = value.indexOf(term); at >= 0; at = value.indexOf(term, at + term.length))
    places.push(at);
  return places;
}
