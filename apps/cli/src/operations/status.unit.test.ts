import { expect, test } from 'vitest';
import { snapshotsIn } from './status.ts';

test('what roles did with snapshots is read from the metrics', () => {
  const text = [
    '# TYPE writ_snapshots_loaded_total counter',
    'writ_snapshots_loaded_total{role="governor"} 2',
    'writ_snapshots_made_total{role="snapshotter"} 7',
    'writ_snapshots_ignored_total{role="governor",reason="damaged"} 1',
    'writ_log_last_sequence 9',
  ].join('\n');
  expect(snapshotsIn(text)).toEqual([
    { role: 'governor', loaded: 2, made: 0, ignored: { damaged: 1 } },
    { role: 'snapshotter', loaded: 0, made: 7, ignored: {} },
  ]);
});
