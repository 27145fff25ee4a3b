/** How decisions are asked for, and what is wanted of each. */
import type { Bound } from './bounds.ts';
import type { QuestionKind } from './decision-questions.ts';

/** So many are always under way; or they come at a share of the rate at which all is busy, whatever the answers take. */
export type Load = { readonly inFlight: number } | { readonly ofSaturation: number };

export type Variant = QuestionKind & {
  readonly name: string;
  readonly load: Load;
  readonly wanted: readonly Bound[];
};

const fresh = { repeating: false, record: 'buffered', engine: false } as const;
const repeating = { ...fresh, repeating: true } as const;
const engine = { ...fresh, engine: true } as const;

export const variants: readonly Variant[] = [
  {
    ...fresh,
    name: 'buffered-1',
    load: { inFlight: 1 },
    wanted: [{ of: 'p50Ratio', atMost: 1.8 }],
  },
  {
    ...fresh,
    name: 'required-1',
    record: 'required',
    load: { inFlight: 1 },
    wanted: [{ of: 'p50Ratio', atMost: 3.5 }],
  },
  { ...engine, name: 'engine-1', load: { inFlight: 1 }, wanted: [] },
  {
    ...fresh,
    name: 'unmemoised-32',
    load: { inFlight: 32 },
    wanted: [
      { of: 'rateRatio', atLeast: 0.27 },
      { of: 'processorUs', atMost: 90 },
    ],
  },
  {
    ...engine,
    name: 'engine-32',
    load: { inFlight: 32 },
    wanted: [{ of: 'processorUs', atMost: 90 }],
  },
  {
    ...repeating,
    name: 'memoised-32',
    load: { inFlight: 32 },
    wanted: [
      { of: 'rateRatio', atLeast: 0.7 },
      { of: 'processorUs', atMost: 20 },
    ],
  },
  {
    ...fresh,
    name: 'unmemoised-half',
    load: { ofSaturation: 0.5 },
    wanted: [{ of: 'p99Ms', atMost: 3 }],
  },
  {
    ...repeating,
    name: 'memoised-half',
    load: { ofSaturation: 0.5 },
    wanted: [{ of: 'p99Ms', atMost: 3 }],
  },
];
