// Counts every test of a vitest run into the file that WRIT_TEST_COUNTS names.
import { writeFileSync } from 'node:fs';

export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      for (const state of states)
        counts[state === 'passed' || state === 'failed' ? state : 'skipped'] += 1;
      // A file that could not be loaded, or whose hooks failed, has no failed test but failed all the same.
      if (module.state() === 'failed' && !states.includes('failed')) counts.failed += 1;
    }
    if (process.env.WRIT_TEST_COUNTS !== undefined)
      writeFileSync(process.env.WRIT_TEST_COUNTS, JSON.stringify(counts));
  }
}
