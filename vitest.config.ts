import { defineConfig } from 'vitest/config';

const exclude = ['**/node_modules/**', '**/dist/**', '**/.writ/**'];

/** The tier of a test is in its file's name; a slower tier may take longer. */
const tier = (
  name: string,
  testTimeout: number,
  hookTimeout: number,
  globalSetup: string[] = [],
) => ({
  extends: true as const,
  test: { name, include: [`**/*.${name}.test.ts`], exclude, testTimeout, hookTimeout, globalSetup },
});

export default defineConfig({
  test: {
    pool: 'forks',
    // Each file may start servers of its own; more of them at once only wait for each other.
    maxWorkers: 2,
    projects: [
      tier('unit', 30_000, 30_000),
      tier('int', 120_000, 180_000, ['packages/testkit/src/postgres-run.ts']),
      tier('e2e', 240_000, 240_000),
    ],
  },
});
