/**
 * Amounts over the last so many seconds, counted in sixtieths of that time.
 *
 * 1. An amount counts for at least that long, and for at most one sixtieth longer.
 * 2. Slices begin at multiples of their length since 1970, so that everybody who counts the same counts it alike.
 *
 * A meter is filled in place.
 */
export type Meter = {
  readonly sliceMs: number;
  /** Amounts by the number of their slice. */
  readonly slices: Map<number, number>;
  newest: number;
};

const SLICES = 60;

export function meterOver(seconds: number): Meter {
  return { sliceMs: Math.ceil((seconds * 1000) / SLICES), slices: new Map(), newest: 0 };
}

/** Counts an amount at a time; what is too old to count is passed over. A negative one takes back. */
export function count(meter: Meter, atMs: number, amount: number): void {
  const slice = Math.floor(atMs / meter.sliceMs);
  if (slice < meter.newest - SLICES) return;
  meter.slices.set(slice, (meter.slices.get(slice) ?? 0) + amount);
  if (slice <= meter.newest) return;
  meter.newest = slice;
  for (const one of meter.slices.keys()) if (one < slice - SLICES) meter.slices.delete(one);
}

/** What counts at a time. */
export function countedAt(meter: Meter, nowMs: number): number {
  const oldest = Math.floor(nowMs / meter.sliceMs) - SLICES;
  let sum = 0;
  for (const [slice, amount] of meter.slices) if (slice >= oldest) sum += amount;
  return sum;
}

/** When no more than `atMost` counts, in milliseconds, if nothing is added; never before `nowMs`. */
export function atMostFrom(meter: Meter, nowMs: number, atMost: number): number {
  let counted = countedAt(meter, nowMs);
  let at = nowMs;
  for (const [slice, amount] of [...meter.slices].toSorted(([a], [b]) => a - b)) {
    if (counted <= atMost) break;
    const goneAt = (slice + SLICES + 1) * meter.sliceMs;
    if (goneAt <= nowMs) continue;
    counted -= amount;
    at = goneAt;
  }
  return at;
}

export type MeterJson = readonly (readonly [slice: number, amount: number])[];

export function meterToJson(meter: Meter | undefined): MeterJson {
  return meter === undefined ? [] : [...meter.slices];
}

export function fillMeter(meter: Meter | undefined, json: MeterJson): void {
  if (meter === undefined) return;
  for (const [slice, amount] of json) meter.slices.set(slice, amount);
  meter.newest = json.reduce((newest, [slice]) => Math.max(newest, slice), 0);
}
