/**
 * The streams of the log among those of the broker. The topology declares the first segment; every further one has
 * its configuration, and only the last one its subjects.
 */
import { segmentNumber, segmentSubject } from '@writ/bus';
import type { DeclaredStream, Topology } from './topology.ts';

export type Config = Readonly<Record<string, unknown>>;

export const FIRST_SEGMENT = 'EVENTS-1';

/** What is declared for the segment that takes events. */
export function openSegment(topology: Topology, number: number): DeclaredStream {
  const first = topology.streams.find(({ name }) => name === FIRST_SEGMENT);
  if (first === undefined) throw new Error('the topology declares no log');
  const named = { ...first, name: `EVENTS-${number}`, description: `the log, segment ${number}` };
  if (number === 1) return named;
  const secret = first.subjects[0]?.split('.')[1] ?? '';
  const source = segmentSubject(secret, 'writ.*.evt.>', number);
  const dest = first.subject_transform?.dest ?? '';
  return { ...named, subjects: [source], subject_transform: { src: source, dest } };
}

/** What is declared for a segment that was closed: its own subject, which nobody publishes to, and no more room. */
export function closedSegment(
  topology: Topology,
  number: number,
  maxBytes: number,
): DeclaredStream {
  const open = openSegment(topology, number);
  return { ...open, subjects: [closedSubject(topology, number)], max_bytes: maxBytes };
}

/** A stream without subjects would listen to its own name. */
export function closedSubject(topology: Topology, number: number): string {
  const [subject = ''] = openSegment(topology, 1).subjects;
  return `${subject.split('.').slice(0, 2).join('.')}.closed.${number}`;
}

/** Whether a stream of the log takes events. */
export function takesEvents(config: Config): boolean {
  return asList(config['subjects']).some((subject) => /\.\*\.evt(-\d+)?\.>$/.test(subject));
}

/** Whether a stream of the log was closed by rolling over. */
export function isClosed(stream: string, config: Config): boolean {
  return (
    segmentNumber(stream) !== undefined &&
    asList(config['subjects']).some((subject) => /^_writ\.[^.]+\.closed\.\d+$/.test(subject))
  );
}

/** Being filled from its archive; no part of the log until it is whole. */
export function isRestoring(config: Config): boolean {
  const metadata = config['metadata'];
  return typeof metadata === 'object' && metadata !== null && 'writ.restoring' in metadata;
}

/** The topology with the segments that the broker has in the place of the one that is declared. */
export function withSegments(topology: Topology, present: ReadonlyMap<string, Config>): Topology {
  const numbers = [...present.keys()]
    .flatMap((name) => segmentNumber(name) ?? [])
    .filter((number) => !isRestoring(present.get(`EVENTS-${number}`) ?? {}))
    .sort((a, b) => a - b);
  const head = numbers.at(-1);
  if (head === undefined) return topology;
  const log = numbers.map((number) => {
    if (number === head) return openSegment(topology, number);
    const maxBytes = Number(present.get(`EVENTS-${number}`)?.['max_bytes'] ?? -1);
    return { ...closedSegment(topology, number, maxBytes), sealed: true };
  });
  const others = topology.streams.filter(({ name }) => name !== FIRST_SEGMENT);
  return { ...topology, streams: [...log, ...others] };
}

function asList(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
