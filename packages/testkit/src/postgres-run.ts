/** Global setup of a test run: one Postgres for all test files; what they made in it is gone when the run ends. */
import type { TestProject } from 'vitest/node';
import { testBackend } from './backend.ts';
import { NoContainerEngine, startContainerPostgres } from './container-postgres.ts';
import { dropTemplates, startTestPostgres } from './postgres.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { databaseUrl, container = false } = testBackend();
  if (databaseUrl !== undefined) {
    // Those of an earlier run may have other tables.
    await dropTemplates(databaseUrl);
    project.provide('writPostgresUrl', databaseUrl);
    return () => dropTemplates(databaseUrl);
  }
  const server = (container ? await inContainer() : undefined) ?? (await startTestPostgres());
  project.provide('writPostgresUrl', server.url);
  return () => server.stop();
}

/** `undefined`, and the reason on standard error, where no engine answers. */
async function inContainer() {
  try {
    return await startContainerPostgres();
  } catch (error) {
    if (!(error instanceof NoContainerEngine)) throw error;
    process.stderr.write(
      `the container is skipped, and the embedded Postgres used: ${error.message}\n`,
    );
    return undefined;
  }
}
