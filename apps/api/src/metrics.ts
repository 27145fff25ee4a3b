/** What the API measures, under Prometheus names; labels are bounded: never an id, never a path as it was typed. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import {
  createPlatformMetrics,
  platformMetricNames,
  type PlatformMetrics,
} from './platform-metrics.ts';

export const metricNames = {
  http: {
    requests: 'writ_http_requests_total',
    duration: 'writ_http_request_duration_seconds',
    inFlight: 'writ_http_requests_in_flight',
  },
  streams: { open: 'writ_event_streams_open' },
  asks: { answered: 'writ_ask_requests_total' },
  ...platformMetricNames,
} as const;

export type ObservedRequest = {
  readonly operation: string;
  readonly status: number;
  readonly seconds: number;
};

export type Metrics = {
  requestBegan(): void;
  requestEnded(request: ObservedRequest): void;
  streamOpened(): void;
  streamClosed(): void;
  askAnswered(question: string, outcome: 'answered' | 'refused'): void;
  /** Told of every report of a role. */
  roleReported: PlatformMetrics['count'];
  /** The text that Prometheus reads. */
  exposition(state: Parameters<PlatformMetrics['show']>[0]): Promise<string>;
};

export function createMetrics(): Metrics {
  const registers = [new Registry()];
  const registry = registers[0] as Registry;
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: metricNames.http.requests,
    help: 'requests answered',
    labelNames: ['operation', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: metricNames.http.duration,
    help: 'time from the first byte of a request to the last of its answer',
    labelNames: ['operation'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const inFlight = new Gauge({
    name: metricNames.http.inFlight,
    help: 'requests being answered',
    registers,
  });
  const streams = new Gauge({
    name: metricNames.streams.open,
    help: 'open event streams',
    registers,
  });
  const asks = new Counter({
    name: metricNames.asks.answered,
    help: 'questions answered on the bus',
    labelNames: ['question', 'outcome'],
    registers,
  });
  const platform = createPlatformMetrics(registers);
  return {
    requestBegan: () => inFlight.inc(),
    requestEnded({ operation, status, seconds }) {
      inFlight.dec();
      requests.inc({ operation, status: String(status) });
      duration.observe({ operation }, seconds);
    },
    streamOpened: () => streams.inc(),
    streamClosed: () => streams.dec(),
    askAnswered: (question, outcome) => asks.inc({ question, outcome }),
    roleReported: platform.count,
    exposition(state) {
      platform.show(state);
      return registry.metrics();
    },
  };
}
